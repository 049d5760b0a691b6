"""A county's shapes are looked at, or said not to be; nothing else of its run hangs on them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import AS_OF, COUNTY_OF_TESTS, MODELS, new_store, next_run, next_run_id, put_in_force, score_into
from tests.drawn import EAST, NORTH, delivered, outlines, parcels, rectangle, turned_round, zipped
from village_credit.cli.records import _verified_text
from village_credit.cli.scoring import staged_text
from village_credit.duckdb_session import connect
from village_credit.extract.inbox import pull
from village_credit.ingest.county import take_in
from village_credit.ingest.shapes import look_at_shapes
from village_credit.report.translations import translated
from village_credit.services.queries.dry_run import dry_run
from village_credit.services.queries.verify import verify_run
from village_credit.services.scoring.rescore import RescoreRequest
from village_credit.services.scoring.stage import StagedRun
from village_credit.shapes.library import looking_library
from village_credit.store.store import Store
from village_credit.synthetic import synthesize

FOLDER = "农业局/矢量数据"
MU_M2 = 2000 / 3
NOT_LOOKED_AT = "已送达地块图形，但本机未安装图形组件"


@dataclass(frozen=True)
class Drawn:
    """One store with two runs of a county: its map's table alone, and the map whole."""

    store: Store
    inbox: Path
    bare: StagedRun
    run: StagedRun


def county_map(inbox: Path) -> tuple[dict[str, bytes], dict[str, bytes], int]:
    """The county's parcels side by side with their areas, two of them faulty; their villages; how many they are."""
    rows = take_in(pull(inbox, COUNTY_OF_TESTS), AS_OF, COUNTY_OF_TESTS).settled["land_parcel"]
    areas = dict(zip(rows["parcel_code"].to_pylist(), rows["measured_mu"].cast("double").to_pylist(), strict=True))
    widths = np.array([*areas.values()]) * MU_M2 / 100
    easts = np.cumsum(widths) - widths
    shapes = [rectangle(east % 300_000, 0, width, 100) for east, width in zip(easts, widths, strict=True)]
    shapes[1] = shapely.union(shapes[1], shapes[0])  # lies upon its neighbour, and is larger than it should be
    said = shapely.area(shapes)
    said[2] /= MU_M2
    whole = shapely.box(EAST - 1000, NORTH - 1000, EAST + 400_000, NORTH + 1000)
    villages = outlines(*((code, whole) for code in sorted({code[:12] for code in areas})))
    return turned_round(parcels(*zip(areas, shapes, strict=True), SCMJ=said, DKBM=[*areas]), 4), villages, len(areas)


def put(inbox: Path, name: str, parts: dict[str, bytes], *suffixes: str) -> None:
    folder = inbox / COUNTY_OF_TESTS / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for suffix in suffixes or parts:
        (folder / f"{name}{suffix}").write_bytes(parts[suffix])


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Drawn:
    folder = tmp_path_factory.mktemp("drawn")
    synthesize(folder / "inbox", COUNTY_OF_TESTS, 2, 60, 7, AS_OF, "none")
    dk, villages, _ = county_map(folder / "inbox")
    put(folder / "inbox", "DK", dk, ".dbf")
    put(folder / "inbox", "CJQY", villages, ".dbf")
    store = new_store(folder)
    bare = score_into(store, folder / "inbox", COUNTY_OF_TESTS).run
    put(folder / "inbox", "DK", dk)
    put(folder / "inbox", "CJQY", villages)
    return Drawn(store, folder / "inbox", bare, score_into(store, folder / "inbox", COUNTY_OF_TESTS).run)


@pytest.fixture
def without_the_extra(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine on which shapely cannot be imported."""
    monkeypatch.setitem(sys.modules, "shapely", None)
    looking_library.cache_clear()
    yield
    monkeypatch.undo()
    looking_library.cache_clear()


def findings(store: Store, run_id: str) -> list[tuple[str, int | None, str]]:
    rows = pq.read_table(store.run_folder(run_id) / "shape_findings.parquet").to_pylist()
    return [(row["file_name"], row["line_number"], row["reason_code"]) for row in rows]


DK = f"{FOLDER}/DK.dbf"
FOUND = [(DK, 2, "REGISTER_AREA"), (DK, 2, "SHAPE_OVERLAP"), (DK, 3, "SHAPE_AREA_IN_MU"), (DK, 4, "RINGS_REVERSED")]


def test_what_is_the_matter_stands_by_file_and_line_in_the_run(drawn: Drawn):
    assert findings(drawn.store, drawn.run.run_id) == FOUND
    assert findings(drawn.store, drawn.bare.run_id) == []
    row = pq.read_table(drawn.store.run_folder(drawn.run.run_id) / "shape_findings.parquet").to_pylist()[1]
    assert (row["office"], row["sheet"], row["value"], row["unit"]) == ("agriculture_bureau", "", 1.0, "share")
    assert (row["other_file"], row["other_line"]) == (DK, 1)
    assert row["reason_zh"]


def test_no_limit_no_line_and_no_gate_is_another_because_of_shapes(drawn: Drawn):
    bare, run = (drawn.store.run_folder(each.run_id) for each in (drawn.bare, drawn.run))
    names = sorted(path.name for path in run.glob("*.parquet"))
    assert "decisions.parquet" in names
    for name in names:
        if name != "shape_findings.parquet":
            one, other = (pq.read_table(folder / name).drop_columns("run_id") for folder in (bare, run))
            assert one.equals(other), name
    assert [path.name for path in (drawn.inbox / COUNTY_OF_TESTS / FOLDER).glob("*.shp")]


def test_shapes_are_frozen_with_the_other_inputs(drawn: Drawn):
    names = {item["file_name"] for item in drawn.store.manifest(drawn.run.run_id)["inputs"]}
    assert {f"{FOLDER}/DK{suffix}" for suffix in (".shp", ".shx", ".prj", ".dbf")} <= names
    assert f"{FOLDER}/DK.cpg" not in names


def test_the_run_says_that_it_looked_and_with_what(drawn: Drawn):
    said = drawn.store.manifest(drawn.run.run_id)["shapes"]
    assert said["looked_with"] == looking_library()
    assert [(one["file_name"], one["kind"]) for one in said["maps"]] == [
        (f"{FOLDER}/CJQY.dbf", "villages"),
        (DK, "parcels"),
    ]
    assert drawn.store.manifest(drawn.bare.run_id)["shapes"] is None
    assert "shapes      maps looked at: 2; findings: 4" in staged_text(drawn.run)
    assert "shapes" not in staged_text(drawn.bare)
    page = Path(drawn.run.report).read_text(encoding="utf-8")
    assert translated("misc", "shape_note").zh in page
    assert "本记录 SCMJ 应填平方米，实为亩" in page
    bare = Path(drawn.bare.report).read_text(encoding="utf-8")
    assert "地块图形" not in bare
    villages = pq.read_table(
        drawn.store.run_folder(drawn.run.run_id) / "places.parquet", filters=[("level", "=", "village")]
    )
    assert page.count("<path class=") == villages.num_rows == 2
    assert "<path" not in bare


def test_neither_a_parcel_nor_a_household_stands_beside_a_finding(drawn: Drawn, tmp_path: Path):
    root = tmp_path / "copy"
    shutil.copytree(drawn.store.root.parent, root)
    store = new_store(root)
    put_in_force(store, drawn.run.run_id)
    connection = connect(str(store.warehouse), read_only=True)
    relation = connection.sql("SELECT * FROM shape_findings WHERE run_id = $run", params={"run": drawn.run.run_id})
    assert not {"household_key", "office_key", "parcel_code"} & set(relation.columns)
    rows = relation.fetchall()
    assert len(rows) == len(FOUND)
    assert not [cell for row in rows for cell in row if isinstance(cell, str) and COUNTY_OF_TESTS + "1" in cell]
    shown = connection.sql("SELECT view_name, sql FROM duckdb_views() WHERE NOT internal").fetchall()
    assert [name for name, text in shown if "shape_findings" in text and "household_key" in text] == []


def test_a_run_that_looked_comes_out_the_same_again(drawn: Drawn):
    found = verify_run(drawn.store, drawn.run.run_id, MODELS)
    assert (found.is_whole, found.is_rebuilt, found.not_rebuilt) == (True, True, {})


def test_a_run_that_looked_is_rebuilt_without_the_extra_but_for_this_table(drawn: Drawn, without_the_extra: None):
    found = verify_run(drawn.store, drawn.run.run_id, MODELS)
    assert (found.altered, found.differs, found.is_rebuilt) == ([], [], True)
    assert [*found.not_rebuilt] == ["shape_findings"]
    text = _verified_text(found)
    assert "come out the same again; shape_findings was not rebuilt: shapes were looked at with geos" in text
    assert "and here is no such library" in text


def test_another_version_of_the_library_is_no_difference(drawn: Drawn, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(shapely, "geos_version_string", "99.0.0")
    looking_library.cache_clear()
    found = verify_run(drawn.store, drawn.run.run_id, MODELS)
    looking_library.cache_clear()
    assert (found.differs, [*found.not_rebuilt]) == ([], ["shape_findings"])
    assert "geos 99.0.0" in found.not_rebuilt["shape_findings"]


def test_an_altered_finding_is_told(drawn: Drawn, tmp_path: Path):
    root = tmp_path / "copy"
    shutil.copytree(drawn.store.root.parent, root)
    store = new_store(root)
    path = store.run_folder(drawn.run.run_id) / "shape_findings.parquet"
    path.chmod(0o644)
    pq.write_table(pq.read_table(path).slice(1), path)
    assert verify_run(store, drawn.run.run_id, MODELS).altered == ["shape_findings"]


def test_without_the_extra_a_run_says_so_once_and_is_another_run(
    drawn: Drawn, without_the_extra: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    root = tmp_path / "copy"
    shutil.copytree(drawn.store.root.parent, root)
    store = new_store(root)
    run = score_into(store, drawn.inbox, COUNTY_OF_TESTS).run
    assert run.run_id != drawn.run.run_id
    assert findings(store, run.run_id) == [(DK, None, "SHAPES_NOT_LOOKED_AT")]
    assert store.manifest(run.run_id)["shapes"]["looked_with"] is None
    sentence = "maps delivered and not looked at: 1; install village-credit[shapes] and score again"
    assert f"shapes      {sentence}" in staged_text(run)
    assert Path(run.report).read_text(encoding="utf-8").count(NOT_LOOKED_AT) == 1
    monkeypatch.undo()  # the extra is installed
    looking_library.cache_clear()
    found = verify_run(store, run.run_id, MODELS)
    assert (found.is_whole, found.is_rebuilt, found.not_rebuilt) == (True, True, {})
    assert next_run_id(store, drawn.inbox, COUNTY_OF_TESTS) == drawn.run.run_id


def test_a_county_without_shapes_is_one_run_on_every_machine(
    drawn: Drawn, tmp_path: Path, county_inbox: Path, without_the_extra: None
):
    store = new_store(tmp_path)
    here, parts = next_run(store, county_inbox, COUNTY_OF_TESTS)
    assert parts["shapes"] is None
    looking_library.cache_clear()
    sys.modules["shapely"] = shapely  # undone with the fixture
    assert next_run_id(store, county_inbox, COUNTY_OF_TESTS) == here


def test_a_dry_run_looks_too(drawn: Drawn, tmp_path: Path):
    root = tmp_path / "copy"
    shutil.copytree(drawn.store.root.parent, root)
    store = new_store(root)
    put_in_force(store, drawn.run.run_id)
    assert dry_run(store, COUNTY_OF_TESTS, RescoreRequest(None, "1001", MODELS, None, None, None))


def test_no_module_of_a_scoring_needs_the_extra():
    code = (
        "import sys; sys.modules['shapely'] = None; "
        "import village_credit.demo, village_credit.services.scoring.stage, village_credit.services.queries.verify; "
        "from village_credit.ingest.shapes import look_at_shapes; "
        "print([name for name in sys.modules if name.startswith('village_credit.shapes')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "village_credit.shapes.library" in done.stdout
    assert "village_credit.shapes.look'" not in done.stdout


@pytest.fixture(scope="module")
def nobody() -> pa.Table:
    """A register without a parcel."""
    return take_in([], AS_OF, COUNTY_OF_TESTS, needs_register=False).settled["land_parcel"]


SMALL = parcels(*((f"65990010020101{n:05d}", rectangle(200 * n, 0)) for n in range(1, 6)))


@given(st.sampled_from([".shp", ".shx", ".prj", ".dbf"]), st.integers(0, 1200), st.binary(max_size=24), st.booleans())
@settings(max_examples=200)
def test_no_damage_of_any_part_raises_anything(nobody: pa.Table, suffix: str, at: int, noise: bytes, is_cut: bool):
    content = SMALL[suffix]
    at = min(at, len(content))
    parts = {**SMALL, suffix: content[:at] + noise + (b"" if is_cut else content[at + len(noise) :])}
    looked = look_at_shapes([zipped(DK=parts)], nobody, looking_library())
    assert looked.findings.num_rows or not looked.maps


def test_a_bad_archive_beside_is_no_hindrance(nobody: pa.Table):
    good = zipped(DK=SMALL)
    cut = delivered("b.zip", good.content[: len(good.content) // 2])
    assert len(look_at_shapes([cut, good], nobody, looking_library()).maps) == 1
