"""A synthetic row of every incoming contract, in canonical text: what an office is shown, and tests begin from.

Nobody's data: the county code 659900 is in no list of divisions, and the phone number cannot be dialled.
"""

from __future__ import annotations

ID, NAME, VILLAGE, CODE = "659900198001010011", "吐尔逊·阿合买提", "团结村", "659900100201010001"
PERSON = {"id_number": ID}

EXAMPLES: dict[str, dict[str, str]] = {
    "land_issuer": {"issuer_code": CODE[:14], "issuer_name": "红柳乡团结村一组", "issuer_address": "某县红柳乡"},
    "land_contractor": {
        **PERSON, "contractor_code": CODE, "contractor_type": "1", "contractor_name": NAME, "document_type": "1", "address": "团结村一组",
        "post_code": "840000", "phone": "10000000000", "member_count": "4", "surveyed_on": "2016-05-01",
    },
    "land_member": {
        **PERSON, "contractor_code": CODE, "member_name": NAME, "sex": "1", "document_type": "1", "relation_code": "02", "member_note": "9",
        "note_text": "在外务工", "is_co_owner": "1",
    },
    "land_parcel": {
        "parcel_code": CODE[:14] + "00001", "issuer_code": CODE[:14], "contractor_code": CODE, "method_code": "110", "measured_mu": "2000", "contract_mu": "3",
        "certificate_code": CODE + "J", "is_confirmed_share": "2",
    },
    "land_transfer": {
        "transfer_code": "LZ-1", "contractor_code": CODE, "lessee_code": CODE[:-1] + "2", "transfer_method": "1", "measured_mu": "2000", "contract_mu": "3",
        "starts_on": "2024-01-01", "ends_on": "2028-12-31",
    },
    "land_subsidy": {
        **PERSON, "year": "2026", "payee_name": NAME, "village_name": VILLAGE, "group_name": "一组", "contracted_mu": "12", "leased_out_mu": "0",
        "farmed_for_others_mu": "0", "subsidised_mu": "12", "paid_yuan": "1320.55",
    },
    "crop_declaration": {**PERSON, "year": "2026", "grower_name": NAME, "village_name": VILLAGE, "crop": "棉花", "sown_mu": "12.5", "delivered_kg": "4000"},
    "family_farm": {
        **PERSON, "farm_name": "某家庭农场", "operator_name": NAME, "village_name": VILLAGE, "farm_type": "家庭农场", "managed_mu": "120", "income_yuan": "5万-20万",
    },
    "household_economy": {
        **PERSON, "year": "2025", "head_name": NAME, "township_name": "红柳乡", "village_name": VILLAGE, "group_name": "一组", "persons": "4", "labourers": "2",
        "planting_income_yuan": "30000", "livestock_income_yuan": "0", "wage_income_yuan": "12000", "trade_income_yuan": "0", "transfer_income_yuan": "800",
        "production_cost_yuan": "9000", "living_cost_yuan": "15000", "assets_yuan": "200000", "debts_yuan": "0", "sheep": "10", "cattle": "0",
        "is_cooperative_member": "是", "collected_on": "2026-03-05",
    },
    "monitored_household": {
        **PERSON, "monitored_code": "JC-1", "household_type": "脱贫户", "monitored_class": "脱贫不稳定户", "member_name": NAME, "village_name": VILLAGE,
        "is_resolved": "否", "identified_in": "2024年3月", "resolved_in": "",
    },
    "machinery_subsidy": {
        **PERSON, "year": "2025", "county_name": "某县", "township_name": "红柳乡", "village_name": VILLAGE, "buyer_name": NAME, "machine_type": "轮式拖拉机",
        "model": "某型", "machine_count": "1", "unit_price_yuan": "90000", "unit_subsidy_yuan": "20000", "subsidy_yuan": "20000", "bought_on": "2025-04-01",
        "status": "已结算",
    },
    "bank_exposure": {
        **PERSON, "borrower_name": NAME, "product_name": "农户小额贷款", "credit_yuan": "50000", "balance_yuan": "0", "loan_class": "正常", "guarantee": "信用",
        "due_on": "2027-03-05",
    },
    "bank_conduct": {
        **PERSON, "loan_number": "JJ-1", "opened_on": "2024-03-05", "due_on": "2025-03-05", "max_days_overdue": "3", "days_overdue": "0", "is_relief": "否",
        "relief_cause": "", "relief_proof": "", "cutoff_on": "2026-10-31", "product_name": "农户小额贷款", "loan_yuan": "30000", "overdue_since": "",
        "settled_on": "2025-03-08",
    },
    "credit_line": {
        **PERSON, "borrower_name": NAME, "product_name": "农贷通", "limit_yuan": "50000", "starts_on": "2025-03-05", "ends_on": "2028-03-04", "contract_number": "HT-1",
    },
    "negative_list": {
        **PERSON, "person_name": NAME, "list_category": "失信被执行人", "reason_code": "1", "evidence_number": "（2025）某执1号", "listed_on": "2025-03-05",
        "expires_on": "2027-03-04",
    },
    "related_party": {**PERSON, "person_name": NAME, "relation": "董事", "updated_on": "2026-03-05"},
    "objection": {**PERSON, "objection_type": "拒绝自动化决策", "registered_on": "2026-03-05", "disputed_data": "land_subsidy"},
    "legal_basis": {
        "source": "land_subsidy", "area_code": "659900", "basis_type": "协议", "agreement_number": "某协〔2025〕1号", "starts_on": "2025-01-01", "ends_on": "2027-12-31",
    },
    "branch": {"branch_code": "0101", "branch_name": "红柳支行", "township_code": CODE[:9], "manager_number": "1001"},
    "trader_referral": {
        **PERSON, "referral_batch": "2026-1", "shop_name": "某商店", "operator_name": NAME, "credit_code": "92659900MA00000000", "industry": "零售",
        "applied_yuan": "50000", "referred_on": "2026-09-01", "business_address": "某街1号", "phone": "10000000000",
    },
    "receipt": {
        "publication_id": "p1", "household_ref": "r1", "outcome": "imported", "reason": "已核对", "received_on": "2026-11-05", "branch_limit_yuan": "30000",
    },
    "credit_contract": {"household_ref": "r1", "contract_number": "HT-1", "signed_on": "2026-11-06", "channel": "counter"},
    "draw": {"contract_number": "HT-1", "amount_yuan": "20000", "drawn_on": "2026-11-07", "purpose": "seed"},
    "repayment": {"contract_number": "HT-1", "amount_yuan": "500.5", "paid_on": "2026-12-07"},
    "campaign_plan": {
        "campaign": "春耕", "county_code": "659900", "starts_on": "2027-02-01", "ends_on": "2027-05-31", "planned_yuan": "90000000", "purposes": "种子、化肥",
    },
}  # fmt: skip
