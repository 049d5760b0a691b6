"""What the county agriculture bureau (农业农村局) delivers: the land register and its subsidies.

Field lists follow NY/T 2539-2016; `…MJ` is square metres, `…MJM` is mu.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, ClassVar, Literal

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from data_contracts.fields import (
    Column,
    Contract,
    ContractorCode,
    Count,
    Day,
    IssuerCode,
    Kilograms,
    Kind,
    Mu,
    ParcelCode,
    PersonName,
    Phone,
    PlainText,
    ResidentId,
    ShortCode,
    Year,
    Yuan,
)

ID_ALIASES = ("身份证号", "身份证号码", "公民身份号码", "身份证", "证件号码", "户主身份证号", "户主身份证号码")
VILLAGE_ALIASES = ("所在村", "村", "行政村", "所在行政村", "村名", "村委会", "所属村")
YEAR_ALIASES = ("年度", "年份", "补贴年度", "所属年度")
DOCUMENTS = (("身份证", "1"), ("居民身份证", "1"), ("军官证", "2"), ("户口簿", "4"), ("护照", "5"), ("其他", "9"))
RELATIONS = (  # GB/T 4761, the words that registers use instead of its codes
    ("本人", "01"),
    ("户主", "02"),
    ("配偶", "10"),
    ("夫", "11"),
    ("丈夫", "11"),
    ("妻", "12"),
    ("妻子", "12"),
    ("子", "20"),
    ("儿子", "20"),
    ("独生子", "21"),
    ("长子", "22"),
    ("次子", "23"),
    ("女婿", "28"),
    ("女", "30"),
    ("女儿", "30"),
    ("独生女", "31"),
    ("长女", "32"),
    ("次女", "33"),
    ("儿媳", "38"),
    ("孙子", "41"),
    ("孙女", "42"),
    ("父母", "50"),
    ("父", "51"),
    ("父亲", "51"),
    ("母", "52"),
    ("母亲", "52"),
    ("祖父", "61"),
    ("祖母", "62"),
    ("兄", "71"),
    ("弟", "73"),
    ("姐", "75"),
    ("妹", "77"),
    ("其他", "97"),
    ("其他亲属", "97"),
    ("非亲属", "99"),
)
NOTES = (
    ("外嫁女", "1"),
    ("外嫁", "1"),
    ("入赘男", "2"),
    ("在校大学生", "3"),
    ("公职人员", "4"),
    ("国家公职人员", "4"),
    ("军人", "5"),
    ("新生儿", "6"),
    ("去世", "7"),
    ("已去世", "7"),
    ("死亡", "7"),
    ("其他", "9"),
    ("其他备注", "9"),
)
METHODS = (
    ("承包", "100"),
    ("家庭承包", "110"),
    ("其他方式", "120"),
    ("招标", "121"),
    ("拍卖", "122"),
    ("公开协商", "123"),
    ("转让", "200"),
    ("互换", "300"),
    ("其他", "900"),
)
CHANGE_CAUSES = (
    ("合户", "merge"),
    ("并户", "merge"),
    ("合并", "merge"),
    ("分户", "split"),
    ("分立", "split"),
    ("拆分", "split"),
    ("延包", "recode"),
    ("二轮延包", "recode"),
    ("重新编码", "recode"),
    ("编码更正", "recode"),
)
RENT_A_MU = (Decimal(10), Decimal(10_000))  # yuan a year; as the policy's own figure
AREA_TOLERANCE = Decimal("0.01")  # of the larger of 1 mu and HTMJM: domain of NY/T 2539's two units
_AREAS_AGREE = f"contract_mu IS NULL OR abs(measured_mu - contract_mu) <= {AREA_TOLERANCE} * greatest(1, contract_mu)"


class LandIssuer(Contract):
    """A village group that contracts out land (发包方, FBF)."""

    contract_name: ClassVar[str] = "land_issuer"
    office: ClassVar[str] = "agriculture_bureau"
    unique_key: ClassVar[tuple[str, ...]] = ("issuer_code",)

    issuer_code: Annotated[IssuerCode, Column("FBFBM", ("发包方编码",))]
    issuer_name: Annotated[PlainText, Column("FBFMC", ("发包方名称",))]
    issuer_address: Annotated[PlainText | None, Column("FBFDZ", ("发包方地址",), ancillary=True)] = None


class LandContractor(Contract):
    """A contracting household, person or unit (承包方, CBF)."""

    contract_name: ClassVar[str] = "land_contractor"
    office: ClassVar[str] = "agriculture_bureau"
    unique_key: ClassVar[tuple[str, ...]] = ("contractor_code",)

    contractor_code: Annotated[ContractorCode, Column("CBFBM", ("承包方编码",), sensitivity="C2")]
    contractor_type: Annotated[
        Literal["1", "2", "3"],
        Kind.LABEL,
        Column("CBFLX", ("承包方类型",), labels=(("农户", "1"), ("个人", "2"), ("单位", "3"))),
    ]
    contractor_name: Annotated[PersonName, Column("CBFMC", ("承包方名称", "承包方代表姓名"), sensitivity="C2")]
    document_type: Annotated[
        Literal["1", "2", "3", "4", "5", "9"], Kind.LABEL, Column("CBFZJLX", ("承包方证件类型",), labels=DOCUMENTS)
    ]
    id_number: Annotated[PlainText, Kind.ID, Column("CBFZJHM", ("承包方证件号码",), sensitivity="C2")]
    address: Annotated[PlainText | None, Column("CBFDZ", ("承包方地址",), sensitivity="C2", ancillary=True)] = None
    post_code: Annotated[ShortCode | None, Column("YZBM", ("邮政编码",), ancillary=True)] = None
    phone: Annotated[Phone | None, Column("LXDH", ("联系电话",), sensitivity="C2", ancillary=True)] = None
    member_count: Annotated[Count | None, Column("CBFCYSL", ("承包方成员数量",))] = None
    surveyed_on: Annotated[Day | None, Column("CBFDCRQ", ("承包方调查日期",))] = None


class LandMember(Contract):
    """A family member of a contracting household (CBF_JTCY)."""

    contract_name: ClassVar[str] = "land_member"
    office: ClassVar[str] = "agriculture_bureau"

    contractor_code: Annotated[ContractorCode, Column("CBFBM", ("承包方编码",), sensitivity="C2")]
    member_name: Annotated[PersonName, Column("CYXM", ("成员姓名",), sensitivity="C2")]
    sex: Annotated[
        Literal["1", "2"],
        Kind.LABEL,
        Column("CYXB", ("成员性别",), labels=(("男", "1"), ("女", "2"), ("男性", "1"), ("女性", "2"))),
    ]
    document_type: Annotated[
        Literal["1", "2", "3", "4", "5", "9"] | None, Kind.LABEL, Column("CYZJLX", ("成员证件类型",), labels=DOCUMENTS)
    ] = None
    id_number: Annotated[PlainText | None, Kind.ID, Column("CYZJHM", ("成员证件号码",), sensitivity="C2")] = None
    relation_code: Annotated[ShortCode, Kind.LABEL, Column("YHZGX", ("与户主关系",), labels=RELATIONS)]
    member_note: Annotated[
        Literal["1", "2", "3", "4", "5", "6", "7", "8", "9"] | None,
        Kind.LABEL,
        Column("CYBZ", ("成员备注",), labels=NOTES),
    ] = None
    note_text: Annotated[PlainText | None, Column("CYBZSM", ("成员备注说明",), sensitivity="C2", ancillary=True)] = None
    is_co_owner: Annotated[
        Literal["1", "2", "0"] | None, Kind.LABEL, Column("SFGYR", ("是否共有人",), labels=(("是", "1"), ("否", "2")))
    ] = None


class LandParcel(Contract):
    """A contracted parcel (承包地块, CBDKXX)."""

    contract_name: ClassVar[str] = "land_parcel"
    office: ClassVar[str] = "agriculture_bureau"

    parcel_code: Annotated[ParcelCode, Column("DKBM", ("地块编码",))]
    issuer_code: Annotated[IssuerCode, Column("FBFBM", ("发包方编码",))]
    contractor_code: Annotated[ContractorCode, Column("CBFBM", ("承包方编码",), sensitivity="C2")]
    method_code: Annotated[
        ShortCode | None, Kind.LABEL, Column("CBJYQQDFS", ("承包经营权取得方式", "取得方式"), labels=METHODS)
    ] = None
    measured_mu: Annotated[Mu, Column("HTMJ", ("合同面积",), unit="square_metre")]
    contract_mu: Annotated[Mu | None, Column("HTMJM", ("合同面积亩",), unit="mu")] = None
    certificate_code: Annotated[ShortCode | None, Column("CBJYQZBM", ("承包经营权证编码",), ancillary=True)] = None
    is_confirmed_share: Annotated[
        Literal["1", "2", "0"] | None,
        Kind.LABEL,
        Column("SFQQQG", ("是否确权确股",), labels=(("是", "1"), ("否", "2"))),
    ] = None

    sound_where: ClassVar[str] = _AREAS_AGREE

    @model_validator(mode="after")
    def areas_agree(self) -> LandParcel:
        """HTMJ (converted to mu) and HTMJM tell the same area, else the unit of one is wrong."""
        if self.contract_mu is not None:
            tolerance = AREA_TOLERANCE * max(Decimal(1), self.contract_mu)
            if abs(self.measured_mu - self.contract_mu) > tolerance:
                raise PydanticCustomError("AREA_UNIT_CONFLICT", "HTMJ and HTMJM disagree")
        return self

    @property
    def area_mu(self) -> Decimal:
        """The contracted area in mu: HTMJM, or HTMJ converted."""
        return self.measured_mu if self.contract_mu is None else self.contract_mu


class LandTransfer(Contract):
    """A sub-lease of land (流转合同, LZHT)."""

    contract_name: ClassVar[str] = "land_transfer"
    contract_version: ClassVar[str] = "1.1.0"
    office: ClassVar[str] = "agriculture_bureau"

    transfer_code: Annotated[ShortCode, Column("LZHTBM", ("流转合同编码",))]
    contractor_code: Annotated[ContractorCode, Column("CBFBM", ("承包方编码",), sensitivity="C2")]
    lessee_code: Annotated[ContractorCode, Column("SRFBM", ("受让方编码",), sensitivity="C2")]
    transfer_method: Annotated[ShortCode | None, Column("LZFS", ("流转方式",))] = None
    measured_mu: Annotated[Mu | None, Column("LZMJ", ("流转面积",), unit="square_metre")] = None
    contract_mu: Annotated[Mu | None, Column("LZMJM", ("流转面积亩",), unit="mu")] = None
    starts_on: Annotated[Day | None, Column("LZQXKSRQ", ("流转期限开始日期",))] = None
    ends_on: Annotated[Day | None, Column("LZQXJSRQ", ("流转期限结束日期",), open_end=True)] = None
    rent_yuan: Annotated[
        Yuan | None, Column("年租金", ("流转年租金", "年流转费", "年流转价款"), sensitivity="C2", unit="yuan")
    ] = None
    crop: Annotated[PlainText | None, Column("种植作物", ("流转后种植作物",), ancillary=True)] = None

    sound_where: ClassVar[str] = f"""
        coalesce(measured_mu, contract_mu) IS NOT NULL AND (measured_mu IS NULL OR {_AREAS_AGREE})
        AND (starts_on IS NULL OR ends_on IS NULL OR starts_on <= ends_on)
        AND (rent_yuan IS NULL OR rent_yuan = 0 OR rent_yuan / greatest(coalesce(contract_mu, measured_mu), 0.01)
             BETWEEN {RENT_A_MU[0] + 1} AND {RENT_A_MU[1] - 1})
    """

    @model_validator(mode="after")
    def lease_is_sound(self) -> LandTransfer:
        """An area is known, both figures agree, and the lease does not end before it begins."""
        if self.measured_mu is None and self.contract_mu is None:
            raise PydanticCustomError("AREA_MISSING", "neither LZMJ nor LZMJM")
        if self.measured_mu is not None and self.contract_mu is not None:
            tolerance = AREA_TOLERANCE * max(Decimal(1), self.contract_mu)
            if abs(self.measured_mu - self.contract_mu) > tolerance:
                raise PydanticCustomError("AREA_UNIT_CONFLICT", "LZMJ and LZMJM disagree")
        if self.starts_on and self.ends_on and self.ends_on < self.starts_on:
            raise PydanticCustomError("ENDS_BEFORE_START", "the lease ends before it begins")
        if self.rent_yuan and not RENT_A_MU[0] <= self.rent_yuan / max(self.area_mu, Decimal("0.01")) <= RENT_A_MU[1]:
            raise PydanticCustomError(
                "RENT_IMPLAUSIBLE", "a year's rent of a mu is none that anybody pays: another unit?"
            )
        return self

    @property
    def area_mu(self) -> Decimal:
        """The area of the lease in mu: LZMJM, or LZMJ converted."""
        return self.contract_mu if self.contract_mu is not None else self.measured_mu or Decimal(0)


class ContractorChange(Contract):
    """A contractor whose code changed: merged, split or numbered anew (承包方编码变更)."""

    contract_name: ClassVar[str] = "contractor_change"
    contract_version: ClassVar[str] = "1.0.0"
    office: ClassVar[str] = "agriculture_bureau"
    unique_key: ClassVar[tuple[str, ...]] = ("old_code", "new_code")

    old_code: Annotated[
        ContractorCode, Column("原承包方编码", ("变更前承包方编码", "注销承包方编码"), sensitivity="C2")
    ]
    new_code: Annotated[ContractorCode, Column("现承包方编码", ("变更后承包方编码", "新承包方编码"), sensitivity="C2")]
    cause: Annotated[
        Literal["merge", "split", "recode"] | None, Kind.LABEL, Column("变更原因", ("变更类型",), labels=CHANGE_CAUSES)
    ] = None
    changed_on: Annotated[Day, Column("变更日期", ("变更时间",))]

    sound_where: ClassVar[str] = "old_code <> new_code"

    @model_validator(mode="after")
    def codes_differ(self) -> ContractorChange:
        """A code that changes into itself is no change."""
        if self.old_code == self.new_code:
            raise PydanticCustomError("SAME_CODE", "the old code is the new one")
        return self


class LandSubsidy(Contract):
    """A payee of the subsidy for keeping farmland fertile (耕地地力保护补贴) in a year."""

    contract_name: ClassVar[str] = "land_subsidy"
    contract_version: ClassVar[str] = "1.1.0"
    office: ClassVar[str] = "agriculture_bureau"

    year: Annotated[Year, Column("年度", YEAR_ALIASES)]
    payee_name: Annotated[
        PersonName, Column("姓名", ("农户姓名", "户主姓名", "补贴对象", "领取人姓名"), sensitivity="C2")
    ]
    id_number: Annotated[ResidentId, Column("身份证号", ID_ALIASES, sensitivity="C2")]
    village_name: Annotated[PlainText, Column("所在村", VILLAGE_ALIASES)]
    group_name: Annotated[PlainText | None, Column("所在组", ("组", "村民小组", "小组"), ancillary=True)] = None
    contracted_mu: Annotated[Mu | None, Column("承包地面积", ("承包面积", "确权面积"), unit="mu")] = None
    leased_out_mu: Annotated[Mu | None, Column("流转出面积", ("流出面积",), unit="mu")] = None
    farmed_for_others_mu: Annotated[Mu | None, Column("代耕代种面积", ("代耕代种进", "代耕代种进面积"), unit="mu")] = (
        None
    )
    subsidised_mu: Annotated[Mu, Column("实际补贴面积", ("补贴面积", "核定补贴面积"), unit="mu")]
    paid_yuan: Annotated[
        Yuan,
        Column(
            "实发金额",
            ("补贴金额", "发放金额", "实发补贴金额"),
            unit="yuan",
            ranked=(("实发金额", "补贴金额"), ("实发补贴金额", "补贴金额")),  # paid before granted
        ),
    ]
    # 年度 is the year of the crop, also where the money comes in the January that follows
    paid_on: Annotated[Day | None, Column("发放日期", ("兑付日期", "发放时间"), ancillary=True)] = None


class CropDeclaration(Contract):
    """A household's crop in a year (种植申报)."""

    contract_name: ClassVar[str] = "crop_declaration"
    office: ClassVar[str] = "agriculture_bureau"

    year: Annotated[Year, Column("年度", YEAR_ALIASES)]
    grower_name: Annotated[PersonName, Column("姓名", ("农户姓名", "户主姓名", "种植户姓名"), sensitivity="C2")]
    id_number: Annotated[ResidentId, Column("身份证号", ID_ALIASES, sensitivity="C2")]
    village_name: Annotated[PlainText, Column("所在村", VILLAGE_ALIASES)]
    crop: Annotated[PlainText, Column("作物", ("作物名称", "种植作物", "作物种类"))]
    sown_mu: Annotated[
        Mu,
        Column(
            "种植面积",
            ("申报面积", "核实面积", "播种面积"),
            unit="mu",
            ranked=(("核实面积", "申报面积"), ("核实面积", "种植面积")),  # checked before declared
        ),
    ]
    delivered_kg: Annotated[Kilograms | None, Column("交售量", ("籽棉交售量", "交售数量"), unit="kilogram")] = None


class FamilyFarm(Contract):
    """A family farm or cooperative on the bureau's list; its incomes may be banded."""

    contract_name: ClassVar[str] = "family_farm"
    contract_version: ClassVar[str] = "1.1.0"
    office: ClassVar[str] = "agriculture_bureau"

    farm_name: Annotated[PlainText, Column("名称", ("家庭农场名称", "合作社名称", "农场名称"))]
    operator_name: Annotated[PersonName, Column("经营者姓名", ("经营者", "负责人", "法定代表人"), sensitivity="C2")]
    id_number: Annotated[ResidentId, Column("身份证号", (*ID_ALIASES, "经营者身份证号"), sensitivity="C2")]
    village_name: Annotated[PlainText, Column("村", VILLAGE_ALIASES)]
    farm_type: Annotated[PlainText, Column("类型", ("经营主体类型", "主体类型"))]
    managed_mu: Annotated[Mu | None, Column("经营面积", ("经营土地面积",), unit="mu")] = None
    income_yuan: Annotated[
        Yuan | None, Column("家庭年收入", ("年收入",), sensitivity="C2", unit="yuan", banded=True)
    ] = None
    # of the shape of a credit code, and none: no register is asked by it
    farm_code: Annotated[ShortCode | None, Column("一码通", ("家庭农场一码通", "赋码"), ancillary=True)] = None


__all__ = [
    "ContractorChange",
    "CropDeclaration",
    "FamilyFarm",
    "LandContractor",
    "LandIssuer",
    "LandMember",
    "LandParcel",
    "LandSubsidy",
    "LandTransfer",
]
