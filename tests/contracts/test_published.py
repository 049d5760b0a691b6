"""What offices are handed: current, readable by our own reader, and never changed under a version's name."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path
from unittest.mock import patch

import openpyxl
import pytest
import yaml

from data_contracts.examples import EXAMPLES
from data_contracts.registry import INCOMING, field_specs
from village_credit.cli import main
from village_credit.errors import VerificationFailed
from village_credit.extract.grid import DeliveredFile, Extract, Unrecognised
from village_credit.extract.read import read_file
from village_credit.offices.describe import describe
from village_credit.offices.documents import json_schema, odcs
from village_credit.offices.template import template
from village_credit.services import contracts
from village_credit.validate.rows import Batch, validate

PUBLISHED = Path(__file__).resolve().parents[2] / "data_contracts" / "published"


def tables(content: bytes, name: str) -> list[Extract | Unrecognised]:
    return list(read_file(DeliveredFile(name, content, hashlib.sha256(content).hexdigest())))


def raised(contract: str, version: str):
    """The contract as it would be with another version."""
    describe.cache_clear()
    return patch.object(INCOMING[contract], "contract_version", version)


@pytest.fixture(autouse=True)
def fresh():
    yield
    describe.cache_clear()


def test_the_committed_folder_is_what_the_contracts_say():
    assert contracts.not_current(PUBLISHED) == []
    assert main(["contracts", "--check", "--out", str(PUBLISHED)]) == 0


@pytest.mark.parametrize("contract", INCOMING)
def test_a_filled_in_template_comes_back_and_is_accepted(contract: str):
    table, guide = tables(template(describe(contract), is_filled=True), "模板.xlsx")
    assert isinstance(table, Extract), table.detail
    assert table.contract == contract
    accepted, findings = validate(Batch(contract, table.rows, table.units))
    assert (accepted.num_rows, findings.to_pylist()) == (1, [])
    assert isinstance(guide, Unrecognised)


@pytest.mark.parametrize("contract", INCOMING)
def test_the_kept_sample_is_accepted(contract: str):
    page = describe(contract)
    (table,) = tables((PUBLISHED / contract / page.version / contracts.SAMPLES).read_bytes(), "样例.csv")
    assert isinstance(table, Extract)
    accepted, _ = validate(Batch(contract, table.rows, table.units))
    assert (table.contract, accepted.num_rows) == (contract, 1)


@pytest.mark.parametrize("contract", INCOMING)
def test_code_columns_are_text_and_lists_drop_down(contract: str):
    page = describe(contract)
    sheet = openpyxl.load_workbook(io.BytesIO(template(page)))[page.title]
    formats = {  # neighbours of one format are stored as one range
        sheet.cell(1, at).value: one.number_format
        for one in sheet.column_dimensions.values()
        for at in range(one.min, one.max + 1)
    }
    for field in page.fields:
        if field.spec.kind.value in ("id", "code", "phone"):
            assert formats[field.header] == "@"
    lists = [rule for rule in sheet.data_validations.dataValidation if rule.type == "list"]
    assert len(lists) == sum(bool(field.choices) for field in page.fields)


def test_the_same_contract_gives_the_same_bytes():
    page = describe("land_subsidy")
    assert contracts.documents(page) == contracts.documents(page)


@pytest.mark.parametrize("contract", INCOMING)
def test_schema_and_standard_file_name_every_field_once(contract: str):
    page = describe(contract)
    names = [spec.name for spec in field_specs(contract)]
    schema = json.loads(json_schema(page))
    assert list(schema["properties"]) == names
    assert set(schema["required"]) == {spec.name for spec in field_specs(contract) if spec.is_required}
    (table,) = yaml.safe_load(odcs(page))["schema"]
    assert [item["name"] for item in table["properties"]] == names
    synonyms = {item["name"]: [s["synonym"] for s in item.get("synonyms", [])] for item in table["properties"]}
    assert all(
        set(synonyms[spec.name]) == {*spec.column.aliases} - {spec.column.header} for spec in field_specs(contract)
    )
    for item in table["properties"]:
        values = {entry["value"] for entry in item.get("enum", [])}
        if values and EXAMPLES[contract][item["name"]]:
            assert EXAMPLES[contract][item["name"]] in values


def test_a_changed_contract_without_a_new_version_is_refused(tmp_path: Path):
    contracts.publish(tmp_path)
    path = tmp_path / "land_subsidy" / describe("land_subsidy").version / "land_subsidy.md"
    path.write_text("handed out before\n", encoding="utf-8")
    with pytest.raises(VerificationFailed, match=r"land_subsidy\.md.*contract_version"):
        contracts.publish(tmp_path)
    assert path.read_text(encoding="utf-8") == "handed out before\n"
    assert path in contracts.not_current(tmp_path)


def test_a_new_version_leaves_the_old_one_and_says_that_nothing_breaks(tmp_path: Path):
    contracts.publish(tmp_path)
    before = {p: p.read_bytes() for p in (tmp_path / "branch").rglob("*") if p.is_file()}
    with raised("branch", "1.9.0"):
        contracts.publish(tmp_path)
        assert contracts.not_current(tmp_path) == []
    assert all(path.read_bytes() == content for path, content in before.items())
    assert "旧版样例全部通过" in (tmp_path / "branch" / INCOMING["branch"].contract_version / "breaks.md").read_text(
        encoding="utf-8"
    )
    assert "1.9.0" in (tmp_path / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("sample", "said"),
    [
        ("机构编码,机构名称,服务乡镇代码,客户经理工号,旧列\n0101,支行,659900100,1001,x\n", "不再读取的列：旧列"),
        ("机构编码,机构名称,客户经理工号\n0101,支行,1001\n", "整份不再识别为本表"),
        ("机构编码,机构名称,服务乡镇代码,客户经理工号\n0101,支行,六五,1001\n", "代码位数或字符不符合规定"),
    ],
)
def test_an_old_sample_says_what_breaks(tmp_path: Path, sample: str, said: str):
    headers = {spec.name: spec.column.header for spec in field_specs("branch")}
    names = dict(
        zip(
            ("机构编码", "机构名称", "服务乡镇代码", "客户经理工号"),
            ("branch_code", "branch_name", "township_code", "manager_number"),
            strict=True,
        )
    )
    for word, name in names.items():
        sample = sample.replace(word, headers[name])
    place = tmp_path / "branch" / "0.9.0"
    place.mkdir(parents=True)
    (place / contracts.SAMPLES).write_text(sample, encoding="utf-8")
    contracts.publish(tmp_path)
    assert said in (place / contracts.BREAKS).read_text(encoding="utf-8")


def test_the_check_names_what_is_not_current(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["contracts", "--check", "--out", str(tmp_path)]) == 6
    assert "land_subsidy.odcs.yaml" in capsys.readouterr().err
