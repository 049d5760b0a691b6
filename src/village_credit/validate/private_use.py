"""One character has one code point: those that GB 18030 once kept in Unicode's private use area are folded.

GBK held 80 characters at FE50 to FEA0 before Unicode had them, beside ten vertical marks and two letters of pinyin; the
standards of 2000, 2005 and 2022 moved them, each some, so that two systems write one name by two code points. The
table is the standard's own order (GB 18030-2005 and GB 18030-2022, annexes on private use); 66 of its letters are what
Python's codec `gb18030` reads.
"""

from __future__ import annotations

FIRST, LAST = 0xE815, 0xE864
LETTERS = (
    "⺁𠂇𠂉𠃌⺄㑳㑇⺈⺋\u9fb4㖞㘚㘎⺌⺗㥮㤘\u9fb5㧏㧟㩳㧐\u9fb6\u9fb7㭎㱮㳠⺧𡗗\u9fb8⺪䁖䅟⺮䌷⺳⺶⺷𢦏䎱"
    "䎬⺻䏝䓖䙡䙌\u9fb9䜣䜩䝼䞍⻊䥇䥺䥽䦂䦃䦅䦆䦟䦛䦷䦶\u9fba𤇾䲣䲟䲠䲡䱷䲢䴓䴔䴕䴖䴗䴘䴙䶮\u9fbb"
)
VERTICAL_MARKS = "︐︒︑︓︔︕︖︗︘︙"  # U+E78D on

MOVED: dict[int, str] = {
    **dict(zip(range(FIRST, LAST + 1), LETTERS, strict=True)),
    **dict(zip(range(0xE78D, 0xE797), VERTICAL_MARKS, strict=True)),
    0xE7C7: "ḿ",
    0xE7C8: "ǹ",
}
