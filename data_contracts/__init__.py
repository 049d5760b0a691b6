"""What each party promises: pydantic models of what arrives and what leaves. Imports nothing of ours."""
