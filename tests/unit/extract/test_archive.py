"""Archives are opened only where that is safe; what is not opened is named with its reason."""

from __future__ import annotations

import io
import stat
import zipfile

import pytest

from village_credit.extract import archive as archives
from village_credit.extract.archive import RATIO_FREE_BYTES, member_name, members, workbook_refusal
from village_credit.extract.grid import DeliveredFile, Extract
from village_credit.extract.read import read_file

TABLE = "身份证号,姓名,关系,更新日期\r\n11010519491231002X,王五,董事,2026-03-05\r\n".encode("gb18030")


def archive(*files: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in files:
            packed.writestr(name, content)
    return buffer.getvalue()


def outcomes(content: bytes) -> list[tuple[str, str]]:
    """Return each table's sheet and what became of it."""
    tables = read_file(DeliveredFile("确权成果.zip", content, ""))
    return [(t.sheet, t.contract if isinstance(t, Extract) else t.code) for t in tables]


def details(content: bytes) -> list[str]:
    return [t.detail for t in read_file(DeliveredFile("确权成果.zip", content, "")) if not isinstance(t, Extract)]


def with_gb18030_names(content: bytes, ascii_name: str, name: str) -> bytes:
    """Rewrite a member's name as an office's Windows writes it: GB18030 bytes, no UTF-8 flag."""
    assert len(ascii_name) == len(name.encode("gb18030"))
    return content.replace(ascii_name.encode(), name.encode("gb18030"))


def test_members_are_read_each_by_itself():
    content = archive(("权属数据/关系人.csv", TABLE), ("说明.txt", "无\r\n".encode("gb18030")))
    assert outcomes(content) == [("权属数据/关系人.csv", "related_party"), ("说明.txt", "UNRECOGNISED")]


@pytest.mark.parametrize(
    "name",
    ["../关系人.csv", "a/../../关系人.csv", "..\\关系人.csv", "/etc/关系人.csv", "C:\\关系人.csv", "\\\\s\\a.csv"],
)
def test_a_member_whose_path_leaves_the_archive_is_refused_and_the_others_are_read(name):
    content = archive((name, TABLE), ("好.csv", TABLE))
    assert outcomes(content) == [(name, "ARCHIVE_REFUSED"), ("好.csv", "related_party")]
    assert details(content) == ["member's path leaves the archive"]


def test_a_name_with_two_dots_inside_stays_in_the_archive():
    assert outcomes(archive(("关系人..csv", TABLE))) == [("关系人..csv", "related_party")]


def test_a_symbolic_link_is_refused():
    link = zipfile.ZipInfo("关系人.csv")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    assert outcomes(archive((link, b"/etc/passwd"))) == [("关系人.csv", "ARCHIVE_REFUSED")]


def test_a_bomb_is_refused_before_it_is_unpacked():
    content = archive(("大.csv", bytes(RATIO_FREE_BYTES + 1)), ("好.csv", TABLE))
    assert len(content) < 100_000
    assert outcomes(content) == [("大.csv", "ARCHIVE_REFUSED"), ("好.csv", "related_party")]
    assert details(content) == ["member unpacks to an implausible size"]


@pytest.mark.parametrize(("extra", "is_opened"), [(-1, True), (0, True), (1, False)])
def test_a_repetitive_table_up_to_16_mebibytes_is_no_bomb(extra, is_opened):
    (member,) = members(archive(("表.csv", b"," * (RATIO_FREE_BYTES + extra))))
    assert (member.refusal == "") is is_opened


def test_a_workbook_that_unpacks_to_an_implausible_size_is_refused():
    content = archive(("[Content_Types].xml", b"<Types/>"), ("xl/sharedStrings.xml", bytes(RATIO_FREE_BYTES + 1)))
    assert workbook_refusal(content) == "workbook unpacks to an implausible size"
    assert outcomes(content) == [("", "ARCHIVE_REFUSED")]


def test_an_encrypted_member_is_refused_with_what_to_do():
    content = bytearray(archive(("表.csv", TABLE)))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert details(bytes(content)) == ["member is encrypted: deliver it without a password"]


@pytest.mark.parametrize("kept", [0.2, 0.5, 0.9])
def test_an_archive_cut_short_is_named_once_with_what_to_do(kept):
    content = archive(("表.csv", TABLE), ("乙.csv", TABLE))
    short = content[: int(len(content) * kept)]
    assert outcomes(short) == [("", "UNREADABLE_FILE")]
    assert "deliver it again" in details(short)[0]


def test_a_member_with_damaged_bytes_is_named_and_the_others_are_read():
    content = bytearray(archive(("a.csv", TABLE), ("b.csv", TABLE)))
    content[36:46] = bytes(10)
    assert outcomes(bytes(content)) == [("a.csv", "UNREADABLE_FILE"), ("b.csv", "related_party")]
    assert "deliver it again" in details(bytes(content))[0]


def test_a_stored_member_with_a_changed_byte_fails_its_checksum():
    whole = zipfile.ZipInfo("a.csv")
    content = archive((whole, TABLE))
    assert outcomes(content.replace(b"2026-03-05", b"2025-03-05")) == [("a.csv", "UNREADABLE_FILE")]


def test_an_archive_inside_an_archive_is_refused_with_what_to_do():
    content = archive(("内.zip", archive(("a.csv", TABLE))), ("b.csv", TABLE))
    assert outcomes(content) == [("内.zip", "ARCHIVE_REFUSED"), ("b.csv", "related_party")]
    assert details(content) == ["an archive inside an archive: deliver it by itself"]


def test_a_workbook_cut_short_inside_an_archive_is_not_taken_for_an_archive():
    content = archive(("表.xlsx", b"PK\x03\x04" + bytes(60)), ("b.csv", TABLE))
    assert outcomes(content) == [("表.xlsx", "UNREADABLE_FILE"), ("b.csv", "related_party")]


@pytest.mark.parametrize("content", [archive(), archive(("空文件夹/", b""))], ids=["nothing", "a folder"])
def test_an_archive_without_files_is_reported(content):
    assert outcomes(content) == [("", "EMPTY_FILE")]


def test_an_empty_member_is_reported():
    assert outcomes(archive(("a.csv", b""), ("b.csv", TABLE))) == [("a.csv", "EMPTY_FILE"), ("b.csv", "related_party")]


def test_member_names_in_gb18030_are_read():
    content = with_gb18030_names(archive(("AABBCC.csv", TABLE)), "AABBCC", "关系人")
    assert outcomes(content) == [("关系人.csv", "related_party")]


def test_a_trail_byte_that_looks_like_a_backslash_is_no_path():
    content = with_gb18030_names(archive(("AA.csv", TABLE)), "AA", "乗")
    assert "乗".encode("gb18030")[1:] == b"\\"
    assert outcomes(content) == [("乗.csv", "related_party")]


def test_a_name_in_no_known_encoding_is_kept_as_it_is():
    info = zipfile.ZipInfo("\u2561.csv")
    info.flag_bits = 0
    assert member_name(info).endswith(".csv")


def test_members_that_are_too_large_together_are_refused_from_there_on(monkeypatch):
    monkeypatch.setattr(archives, "MAX_TOTAL_BYTES", len(TABLE) + 1)
    content = archive(("一.csv", TABLE), ("二.csv", TABLE))
    assert outcomes(content) == [("一.csv", "related_party"), ("二.csv", "ARCHIVE_REFUSED")]
    assert "together" in details(content)[0]


def test_a_workbook_whose_parts_are_too_large_together_is_refused(monkeypatch):
    monkeypatch.setattr(archives, "MAX_TOTAL_BYTES", len(TABLE) + 1)
    assert workbook_refusal(archive(("xl/a.xml", TABLE), ("xl/b.xml", TABLE)))
    assert not workbook_refusal(archive(("xl/a.xml", TABLE)))
