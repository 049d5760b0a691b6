"""Every incoming contract by name, and what each of its columns is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import get_args

from data_contracts import agriculture_bureau as agriculture
from data_contracts import bank, county_government, economy_station, machinery_station, returns
from data_contracts.fields import Column, Contract, Kind

INCOMING: MappingProxyType[str, type[Contract]] = MappingProxyType(
    {
        str(contract.__dict__["contract_name"]): contract
        for contract in (
            agriculture.LandIssuer,
            agriculture.LandContractor,
            agriculture.LandMember,
            agriculture.LandParcel,
            agriculture.LandTransfer,
            agriculture.ContractorChange,
            agriculture.LandSubsidy,
            agriculture.CropDeclaration,
            agriculture.FamilyFarm,
            economy_station.HouseholdEconomy,
            economy_station.MonitoredHousehold,
            machinery_station.MachinerySubsidy,
            bank.BankExposure,
            bank.BankConduct,
            bank.CreditLine,
            bank.TraderTurnover,
            bank.NegativeList,
            bank.RelatedParty,
            bank.Objection,
            bank.LegalBasis,
            bank.Branch,
            bank.BranchChange,
            county_government.TraderReferral,
            returns.Receipt,
            returns.CreditContract,
            returns.Draw,
            returns.Repayment,
            returns.CampaignPlan,
        )
    }
)

# A debt, a listing, an objection: one that nobody can read keeps its person from being granted until it is mended.
ADVERSE = tuple(name for name, contract in INCOMING.items() if contract.is_adverse)

OFFICES_ZH = MappingProxyType(
    {
        "agriculture_bureau": "农业农村局",
        "economy_station": "农经站",
        "machinery_station": "农机站",
        "bank": "信用社",
        "county_government": "县政府",
        "branch": "支行",
        "core_system": "核心系统",
    }
)


CONTRACTS_ZH = MappingProxyType(
    {
        "land_issuer": "发包方",
        "land_contractor": "承包方",
        "land_member": "承包方家庭成员",
        "land_parcel": "承包地块",
        "land_transfer": "流转合同",
        "contractor_change": "承包方编码变更",
        "land_subsidy": "耕地地力保护补贴",
        "crop_declaration": "种植申报",
        "family_farm": "经营主体名录",
        "household_economy": "农户经济台账",
        "monitored_household": "防返贫监测对象",
        "machinery_subsidy": "农机购置补贴",
        "bank_exposure": "存量授信",
        "bank_conduct": "还款记录",
        "credit_line": "已授信",
        "trader_turnover": "商户结算流水",
        "negative_list": "负面清单",
        "related_party": "关系人",
        "objection": "异议登记",
        "legal_basis": "数据来源依据",
        "branch": "机构",
        "branch_change": "机构号变更",
        "trader_referral": "个体户推荐名单",
        "receipt": "支行回执",
        "credit_contract": "授信合同",
        "draw": "用信",
        "repayment": "还款",
        "campaign_plan": "信贷投放计划",
    }
)


@dataclass(frozen=True)
class FieldSpec:
    """One field of a contract: its name, how it is normalised, and whether it must be there."""

    name: str
    kind: Kind
    column: Column
    is_required: bool
    labels: tuple[tuple[str, str], ...]

    @property
    def header_is_required(self) -> bool:
        """A required value needs its column; an optional one may be absent."""
        return self.is_required if self.column.header_required is None else self.column.header_required


@cache
def field_specs(contract_name: str) -> tuple[FieldSpec, ...]:
    """Return the fields of a contract in declared order."""
    specs = []
    for name, info in INCOMING[contract_name].model_fields.items():
        metadata = metadata_of(contract_name, name)
        kinds = [item for item in metadata if isinstance(item, Kind)]
        column = next(item for item in metadata if isinstance(item, Column))
        specs.append(FieldSpec(name, kinds[-1], column, info.is_required(), column.labels))
    return tuple(specs)


def metadata_of(contract_name: str, name: str) -> list[object]:
    """Return what a field's annotation says beside its type: kind, column, patterns, bounds."""
    info = INCOMING[contract_name].model_fields[name]
    return [*_nested(info.annotation), *info.metadata]


def _nested(annotation: object) -> list[object]:
    """Collect the metadata of `Annotated` types inside unions."""
    found: list[object] = list(getattr(annotation, "__metadata__", ()))
    for part in get_args(annotation):
        found.extend(_nested(part))
    return found


def office_of(contract_name: str) -> str:
    """Return the office that owes a contract's table."""
    return str(INCOMING[contract_name].__dict__["office"])
