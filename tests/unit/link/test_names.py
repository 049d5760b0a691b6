"""When two spellings are one name, and when they must not be."""

from __future__ import annotations

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from village_credit.link.names import AGREEMENTS, FIRM, agreement, create_name_keys, syllables
from village_credit.validate.normalise import name as normalised


def agrees(*pairs: tuple[str, str]) -> list[str]:
    connection = duckdb.connect()
    given_pairs = pa.table({"one": [a for a, _ in pairs], "other": [b for _, b in pairs]})
    connection.register("pairs", given_pairs.append_column("place", pa.array(range(len(pairs)))))
    create_name_keys(connection, "SELECT one AS name FROM pairs UNION ALL SELECT other FROM pairs")
    query = f"""SELECT {agreement("a", "b")} AS said FROM pairs JOIN name_keys AS a ON a.name = one
                JOIN name_keys AS b ON b.name = other ORDER BY place"""
    return connection.sql(query).to_arrow_table().column("said").to_pylist()


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        ("买买提·若孜", "麦麦提·肉孜", "skeleton"),
        ("阿不都热依木·买买提", "阿卜都热依木·麦麦提", "sound"),
        ("吐尔逊·依明", "图尔荪·依明", "skeleton"),
        ("艾合买提·牙生", "艾合麦提·亚森", "skeleton"),
        ("艾尔肯·库尔班", "艾尔肯", "father"),
        ("阿卜都热依木·麦麦提", "阿不都热依木", "father"),
        ("麦麦提·阿卜杜拉", "阿卜杜拉·麦麦提", "reordered"),
        ("阿卜都热依木·库尔班江", "阿卜都热依木·库尔班", "cut"),
        ("李玉梅", "李雨梅", "sound"),
        ("王建国", "王建国", "equal"),
    ],
)
def test_two_spellings_of_one_name_agree(one, other, said):
    assert agrees((one, other), (other, one)) == [said, said]
    assert said in FIRM or said == "reordered"


@pytest.mark.parametrize(
    ("one", "other", "who"),
    [
        ("王建国", "王建军", "brothers"),
        ("王秀英", "王秀兰", "sisters"),
        ("阿卜都热依木·买买提", "阿卜都拉·买买提", "brothers"),
        ("努尔兰·叶尔江", "努尔江·叶尔江", "brothers"),
        ("阿依古丽·买买提", "阿曼古丽·买买提", "sisters"),
        ("买买提·库尔班", "库尔班·艾山", "father and son"),
        ("王建国", "王国建", "transposed characters are another name"),
        ("帕提古丽·依明", "热孜万古丽·依明", "sisters"),
        ("吐尔逊·依明", "吐尔洪·依明", "twins"),
    ],
)
def test_relatives_do_not_agree(one, other, who):
    assert agrees((one, other), (other, one)) == ["different", "different"], who


@pytest.mark.parametrize(
    "written",
    [
        "买买提•若孜",
        "买买提・若孜",
        "买买提．若孜",
        "买买提.若孜",
        "买买提 · 若孜",
        "买买提‧若孜",
        "买买提●若孜",
        "买买提。若孜",
        "买买提∙若孜",
        "买买提⋅若孜",
        "买买提･若孜",
    ],
)
def test_every_interpunct_becomes_the_standard_one(written):
    assert normalised(written) == "买买提\u00b7若孜"


def test_a_name_of_twenty_five_characters_and_a_rare_one_keep_their_keys():
    long_name = "阿卜杜热合曼江·" + "买买提" * 5 + "〇䶮"
    assert len(long_name) == 25
    assert agrees((long_name, long_name), ("\U00020000明", "\U00020000明")) == ["equal", "equal"]


def test_every_han_character_of_gb2312_has_a_syllable():
    known = set(syllables().column("letter").to_pylist())
    characters = [
        bytes((high, low)).decode("gb2312", "ignore") for high in range(0xB0, 0xF8) for low in range(0xA1, 0xFF)
    ]
    assert [c for c in characters if c and c not in known] == []


HAN = st.text(alphabet="买麦提阿不卜都热依木王李建国军古丽尔力江孜肉若", min_size=1, max_size=6)


@settings(max_examples=12, deadline=None, derandomize=True)  # of many pairs each: they agree or not one by one
@given(
    st.lists(
        st.tuples(st.lists(HAN, min_size=1, max_size=3), st.lists(HAN, min_size=1, max_size=3)),
        min_size=60,
        max_size=90,
    )
)
def test_agreement_is_the_same_in_both_directions_and_equal_names_are_equal(pairs):
    named = [("·".join(a), "·".join(b)) for a, b in pairs]
    said = agrees(*named, *[(b, a) for a, b in named])
    forward, back = said[: len(named)], said[len(named) :]
    assert forward == back
    assert all(word in AGREEMENTS for word in forward)
    assert all((a == b) == (word == "equal") for (a, b), word in zip(named, forward, strict=True))


@pytest.mark.parametrize("name", ["王𠮷", "𬀩𬍡·买买提", "李ё", "赵ﾟ", "钱仝", "Ақжол", "孙①"])
def test_every_letter_has_a_key_in_ascii_whatever_its_script(name: str):
    connection = duckdb.connect()
    create_name_keys(connection, f"SELECT '{normalised(name)}' AS name")
    (keys,) = connection.execute("SELECT pinyin, given_skeleton, father_skeleton FROM name_keys").fetchall()
    assert all(key.isascii() for key in keys)
    assert keys[0]


def test_two_letters_that_the_table_lacks_are_not_one():
    assert agrees(("王𠮷", "王𬀩"), ("王𠮷", "王𠮷"), ("𠮷𬀩·𬍡", "𬀩𠮷·𬍡")) == ["different", "equal", "different"]
