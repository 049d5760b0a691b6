"""A delivery's shapefiles become maps of parcels and of villages; of other maps nothing is read.

What is wrong with one is said of it and stops nothing: its table is read as a table besides, whatever its shapes are.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

import pyarrow as pa

from village_credit.extract import archive, dbf, shapefile
from village_credit.extract.grid import DeliveredFile, Grid
from village_credit.extract.guard import Damaged
from village_credit.extract.leftovers import is_map_part, is_shape_part, stem
from village_credit.maps import LINES, DeliveredMap, Fault, Kind

PARCEL = {"code": "DKBM", "area_m2": "SCMJ", "area_mu": "SCMJM", "land_class": "DKLB"}  # NY/T 2539, layer DK
VILLAGE_CODES = ("CJQYDM", "XZQDM", "ZLDWDM")  # of NY/T 2539's 村级区域, and of the land surveys' 行政区 and 村级调查区
VILLAGE_DIGITS, PADDED_DIGITS = 12, 19
MAY_BE_POLYGONS = (None, shapefile.NULL, *shapefile.POLYGONS)
UNREADABLE = (Fault("SHAPES_UNREADABLE"),)


@dataclass(frozen=True)
class Parts:
    """The bytes of one map by suffix, and where they were delivered."""

    package: str
    file_name: str
    sheet: str
    content: Mapping[str, bytes]

    def fields(self) -> set[str] | None:
        """Return the names of its table's columns; None where the table is missing or damaged."""
        try:
            return {name.strip().upper() for name in dbf.field_names(self.content.get(".dbf", b""))}
        except Damaged:
            return None

    def is_polygons(self) -> bool:
        """Tell a map that is, or may be, one of polygons."""
        return shapefile.shape_type(self.content[".shp"]) in MAY_BE_POLYGONS

    def kind(self) -> Kind | None:
        """Tell what its shapes are of by its table; None: of neither parcels nor villages."""
        fields = self.fields()
        if not self.is_polygons() or (fields is not None and not fields & {PARCEL["code"], *VILLAGE_CODES}):
            return None
        if fields is None:
            return ""
        return "parcels" if PARCEL["code"] in fields else "villages"

    def digest(self) -> str:
        """Hash what a map says: the same under another name is a copy."""
        whole = (hashlib.sha256(self.content.get(suffix, b"")).digest() for suffix in (".shp", ".dbf"))
        return b"".join(whole).hex()


def has_shapes(files: Iterable[DeliveredFile]) -> bool:
    """Tell whether a .shp was delivered, in an archive or beside one; by names alone."""
    return any(_names_shapes(file) for file in files)


def _names_shapes(file: DeliveredFile) -> bool:
    names = archive.names(file.content) if file.content.startswith(b"PK") else [file.file_name]
    return any(name.lower().endswith(".shp") and is_shape_part(name) for name in names)


def find_maps(files: Iterable[DeliveredFile]) -> Iterator[Parts]:
    """Return the parts of every map of a delivery, a copy left out; each package keeps its outlines."""
    seen = set()
    for parts in _all_maps(files):
        whole = parts.digest(), parts.package if parts.kind() == "villages" else ""
        if whole not in seen:
            seen.add(whole)
            yield parts


def _all_maps(files: Iterable[DeliveredFile]) -> Iterator[Parts]:
    loose: dict[str, dict[str, DeliveredFile]] = defaultdict(dict)
    for file in files:
        if is_map_part(file.file_name):
            loose[stem(file.file_name)][PurePosixPath(file.file_name).suffix.lower()] = file
        elif file.content.startswith(b"PK"):
            yield from _packed_maps(file)
    for found in loose.values():
        if ".shp" in found:
            name = found.get(".dbf", found[".shp"]).file_name
            folder = PurePosixPath(name).parent.as_posix()
            yield Parts(folder, name, "", {suffix: part.content for suffix, part in found.items()})


def _packed_maps(file: DeliveredFile) -> Iterator[Parts]:
    """Return an archive's maps; of points and lines, which may be large, only the first bytes are unpacked."""
    heads = archive.beginnings(file.content, shapefile.HEADER, ".shp")
    wanted = {
        stem(name)
        for name, head in heads.items()
        if is_shape_part(name) and shapefile.shape_type(head) in MAY_BE_POLYGONS
    }
    if not wanted:
        return
    found: dict[str, dict[str, archive.Member]] = defaultdict(dict)
    for member in archive.members(file.content, lambda name: is_map_part(name) and stem(name) in wanted):
        found[stem(member.name)][PurePosixPath(member.name).suffix.lower()] = member
    for parts in (one for one in found.values() if ".shp" in one):
        named = parts.get(".dbf", parts[".shp"]).name
        yield Parts(file.file_name, file.file_name, named, {suffix: part.content for suffix, part in parts.items()})


def read_map(parts: Parts) -> DeliveredMap | None:
    """Read a map of parcels or villages, as far as it can be read; None where it is of neither."""
    kind = parts.kind()
    if not kind:
        return None if kind is None else _empty_map(parts, kind)
    try:
        table = dbf.read_dbf(parts.content[".dbf"])
    except Damaged:
        return _empty_map(parts, kind)
    lines = _parcel_lines(table) if kind == "parcels" else _village_lines(table)
    if kind == "villages" and not lines.num_rows:
        return None  # outlines of counties, townships or groups
    return _with_shapes(parts, kind, lines, table.total_lines)


def _with_shapes(parts: Parts, kind: Kind, lines: pa.Table, present: int) -> DeliveredMap:
    """Read a map's shapes; `present`: how many of the lines that its table promises are there."""
    promised = dbf.promised_records(parts.content[".dbf"])
    try:
        drawn = shapefile.read_shapes(parts.content[".shp"], parts.content.get(".shx"), present)
    except Damaged:
        return _empty_map(parts, kind, lines)
    faults = _faults(drawn, promised, present)
    rings = drawn.rings if drawn.promised == promised else None  # whose shapes they are, nobody can say
    projection = parts.content.get(".prj", b"").decode("utf-8", "replace").strip()
    return DeliveredMap(parts.package, parts.file_name, parts.sheet, kind, lines, rings, projection, faults)


def _empty_map(parts: Parts, kind: Kind, lines: pa.Table | None = None) -> DeliveredMap:
    """Say of a map that nobody can read its shapes."""
    known = LINES.empty_table() if lines is None else lines
    return DeliveredMap(parts.package, parts.file_name, parts.sheet, kind, known, None, "", UNREADABLE)


def _faults(drawn: shapefile.ShapeFile, promised: int, present: int) -> tuple[Fault, ...]:
    """Say what is the matter with the file: another number of shapes than of lines, shapes cut off, no index."""
    faults = [] if drawn.has_index else [Fault("SHAPES_NO_INDEX")]
    if drawn.promised != promised:
        faults.append(Fault("SHAPES_COUNT", float(drawn.promised), float(promised), "count"))
    elif len(drawn.rings.lost) or present < promised:
        whole = min(drawn.promised - len(drawn.rings.lost), present)
        faults.append(Fault("SHAPES_CUT", float(whole), float(promised), "count"))
    return tuple(faults)


def _parcel_lines(table: Grid) -> pa.Table:
    """Return the parcels' lines by what the standard calls their columns."""
    places = {name.strip().upper(): place for place, name in reversed([*enumerate(table.cells[0])])}
    live = [place for place in range(1, len(table.cells)) if table.cells[place]]  # a deleted line has no cells
    columns: list[pa.Array] = [pa.array([table.starts[place] for place in live], pa.int32())]
    for header in PARCEL.values():
        at = places.get(header)
        said = [None] * len(live) if at is None else [table.cells[place][at].strip() or None for place in live]
        columns.append(pa.array(said, pa.string()))
    return pa.Table.from_arrays(columns, schema=LINES)


def _village_lines(table: Grid) -> pa.Table:
    """Return the lines of villages; a code of another length is of a county, a township or a group."""
    headers = [name.strip().upper() for name in table.cells[0]]
    at = next(headers.index(name) for name in VILLAGE_CODES if name in headers)
    codes = {start: _village_code(cells[at]) for start, cells in zip(table.starts, table.cells, strict=True) if cells}
    lines = [(start, code) for start, code in codes.items() if start and code]
    return pa.table(
        {"line_number": [start for start, _ in lines], "code": [code for _, code in lines]}
        | {name: pa.nulls(len(lines), pa.string()) for name in ("area_m2", "area_mu", "land_class")},
        schema=LINES,
    )


def _village_code(text: str) -> str:
    """Return a village's 12 digits, also where zeros fill them up to 19; empty where it is none."""
    code = text.strip()
    if not (code.isascii() and code.isdigit()):
        return ""
    is_padded = len(code) == PADDED_DIGITS and not code[VILLAGE_DIGITS:].strip("0")
    whole = code[:VILLAGE_DIGITS] if is_padded else code
    is_village = len(whole) == VILLAGE_DIGITS and whole[-3:] != "000"  # a township's code filled up with zeros
    return whole if is_village else ""
