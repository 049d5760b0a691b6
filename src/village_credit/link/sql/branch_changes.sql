SELECT old_code, new_code, changed_on FROM settled_changes ORDER BY ALL
