"""Every reason code and its Chinese sentence: what is wrong, and what is expected."""

from __future__ import annotations

from types import MappingProxyType

# Of a line that no contract judged: what it holds is not known to stand where it seems to
LINE_FAULTS = frozenset(
    (
        "NUL_BYTE",
        "WRONG_ENCODING",
        "UNDECODABLE",
        "LINE_TOO_LONG",
        "UNCLOSED_QUOTE",
        "BROKEN_QUOTE",
        "STRAY_RETURN",
        "FIELD_COUNT",
    )
)
ROW_REASONS = MappingProxyType(
    {
        # lines that cannot be read
        "NUL_BYTE": "该行含有空字节，无法读取，请重新导出",
        "WRONG_ENCODING": "该行的文字编码与文件其余部分不一致，请统一编码后重报",
        "UNDECODABLE": "该行含有无法识别的字节，请重新导出",
        "LINE_TOO_LONG": "该行过长，疑似文件损坏，请重新导出",
        "UNCLOSED_QUOTE": "该行的引号没有成对，请补齐引号",
        "BROKEN_QUOTE": "该行的引号位置有误，请检查引号",
        "STRAY_RETURN": "该行中间有回车符，可能是几行连在了一起：请逐行分开补报，一行一户，不得只补其中一户",
        "FIELD_COUNT": "该行的列数与表头不一致，请检查缺列或多列",
        # values
        "REQUIRED_EMPTY": "必填项为空，请补填",
        "UNREADABLE_DATE": "日期无法识别，请按“2026-03-05”的格式填写",
        "UNREADABLE_NUMBER": "数值无法识别，请只填数字",
        "UNREADABLE_CODE": "代码位数或字符不符合规定",
        "UNREADABLE_YEAR": "年度无法识别，请填四位年份",
        "NEGATIVE_NUMBER": "数值不能为负",
        "OUT_OF_RANGE": "数值超出允许的范围",
        "NOT_IN_LIST": "取值不在规定的选项之内",
        "TOO_LONG": "内容过长",
        "TOO_MANY_DECIMALS": "小数位数过多",
        "INTERVAL_NOT_ALLOWED": "此处应填确数，不接受区间",
        "ERROR_CELL": "单元格为公式错误（如 #N/A），请改为实际数值",
        "FORMULA_NOT_CALCULATED": "单元格是公式且没有保存计算结果，请用 Excel 或 WPS 打开并保存后重报",
        "ANCILLARY_UNREADABLE": "附属信息无法识别，已置空，不影响该行",
        # identities
        "ID_MALFORMED": "身份证号位数或字符不正确",
        "ID_CHECK_DIGIT": "身份证号校验位不正确，且无法由其他部门数据唯一确认",
        "ID_DAMAGED": "身份证号被表格软件截断为数值，且无法唯一修复，请以文本格式重报",
        "ID_MASKED": "身份证号被遮盖，且无法唯一确认，请报送完整号码",
        "ID_UNRECOVERABLE": "身份证号仅余科学记数法，无法恢复，请以文本格式重报",
        # rows and tables
        "RENT_IMPLAUSIBLE": "按面积折算的每亩年租金不合常理，请核对单位和金额",
        "AREA_UNIT_CONFLICT": "平方米面积与亩面积不一致，请核对单位",
        "SAME_CODE": "变更前后编码相同",
        "AREA_MISSING": "面积未填",
        "ENDS_BEFORE_START": "结束日期早于开始日期",
        "CHANGED_WITHOUT_LIMIT": "回执称额度已变更，但未填支行核定额度",
        "DAYS_DISAGREE": "当前逾期天数大于最大逾期天数",
        "CONFLICTING_ROWS": "同一对象有内容不同的多行，且无法判断以哪行为准",
        "MEMBER_IN_TWO_HOUSEHOLDS": "同一成员同时登记在两户，核定前两户均不计入，请核实其所在户",
        "NUMBER_OF_TWO_PEOPLE": "同一证件号码登记在姓名不同的两人名下，请核实号码",
        "PARCEL_IN_TWO_HOUSEHOLDS": "同一地块登记在两户名下，核定前两户均不计入，请核实承包方",
        "PARCEL_TWICE": "同一地块在同一户重复登记且内容不同，只按较小面积计一次，请核实",
        "VILLAGE_AMBIGUOUS": "村名在多个乡镇重名，请注明乡镇",
        "EXTRACT_REJECTED": "整份文件被退回，见运行报告",
        # what comes back: receipts, contracts, draws
        "PUBLICATION_UNKNOWN": "没有此发布编号，请照名单包中的编号填写",
        "PUBLICATION_SUPERSEDED": "该发布已被后来的发布取代，请按现行名单回执",
        "OTHER_COUNTY": "县代码不是本县，请核对，或报送到该县",
        "REFERENCE_UNKNOWN": "名单中没有此户参考号，请照名单包中的参考号填写",
        "OTHER_BRANCH": "该户由另一支行服务，应由该支行回执",
        "BRANCH_NOT_SAID": "文件涉及几家支行且各占其半，无法判断由谁发出，请注明机构号",
        "RECEIPT_DAY": "回执日期应在名单所属日之后、名单包有效期之内",
        "RECEIPT_IN_FUTURE": "回执日期晚于今天，请核对日期后重报",
        "OUTCOME_AND_LIMIT": "结果与支行核定额度不一致：已导入不另填额度，已拒绝只能填零或留空",
        "NOTHING_TO_CHANGE": "该行是停用、冻结或未授信，没有可以变更的额度",
        "OFF_STEP": "支行核定额度不是规定金额的整倍数，或低于最低授信金额",
        "BEYOND_AUTHORITY": "支行核定额度超出支行权限，或高于政策额度、产品上限，仍按原发布额度执行",
        "BELOW_DRAWN": "支行核定额度（拒绝即为零）低于截至回执日已用信未归还的余额，请按不低于该余额的额度回执",
        "RECEIPT_CONTRADICTS": "与此前的回执不同且日期不晚于它；确需更改请注明更正后重报",
        "CONTRACT_UNKNOWN": "没有此编号的授信合同，请先报送合同",
        "USAGE_IN_FUTURE": "签约、用信或还款日期晚于今天，请核对日期后重报",
        "EQUAL_DRAW": "同一合同同日同额的用信只计一笔；如为两笔，请提供借据号",
        "DRAW_BEFORE_CONTRACT": "用信早于合同签订日，已计入，请核实",
        "DRAW_ABOVE_LIMIT": "用信超出当日的授信额度，已计入，请核实",
    }
)

EXTRACT_REASONS = MappingProxyType(
    {
        "UNRECOGNISED": "没有任何数据契约与此表的表头相符",
        "COUNTS_NOWHERE": "已逐行校验，但此类文件不从收件目录入账，请用指定命令报入",
        "UNREADABLE_FILE": "文件损坏或无法打开，请重新报送",
        "NOT_WHAT_NAME_SAYS": "文件内容与扩展名不符",
        "FORMAT_NOT_READ": "此类文件不能读取，请按说明改用 xlsx、CSV 或 zip 重报",
        "PASSWORD_PROTECTED": "文件设有密码，请取消密码保存后重报",
        "ARCHIVE_REFUSED": "压缩包不安全或过大，未予打开",
        "AMBIGUOUS_COLUMNS": "两列表示同一项内容，无法判断以哪列为准，请只保留一列；左右并排的两栏请上下接排",
        "HEADER_ONLY": "只有表头，没有数据行",
        "UNIT_UNKNOWN": "无法判断单位，请在表头注明单位",
        "TOO_MANY_QUARANTINED": "被隔离的行过多，请检查整份文件",
        "NOT_REGION_WIDE": "全区目录只接收信用社的名单，其他表请放入所属县的目录",
        "ACCESS_DATABASE": "Access 数据库需先用 mdb-export 导出为 CSV",
        "EMPTY_FILE": "文件为空",
        "OWN_SUMMARY": "本系统更正单的说明页，没有数据",
        "HIDDEN_SHEET": "隐藏的工作表已照常读取，请确认是否应当报送",
    }
)

# Of a parcel's shape, or of a map as a whole: findings, on which nothing else hangs.
SHAPE_REASONS = MappingProxyType(
    {
        # maps
        "SHAPES_NOT_LOOKED_AT": "已送达地块图形，但本机未安装图形组件（village-credit[shapes]），本次未查看",
        "SHAPES_UNREADABLE": "图形文件损坏，或缺少同名 .dbf，未能查看图形，请重新报送；属性表照常读取",
        "SHAPES_NO_PROJECTION": "缺少 .prj，坐标系不明，未量算面积和位置，请补报",
        "SHAPES_OTHER_PROJECTION": "坐标系不是 CGCS2000 高斯—克吕格 3 度带或 6 度带，或坐标不在该带内，未量算",
        "SHAPES_IN_DEGREES": "坐标为经纬度（度），未量算，请投影为 CGCS2000 高斯—克吕格后重报",
        "SHAPES_CUT": "图形文件不完整，只查看了完整的图形，请重新报送",
        "SHAPES_COUNT": "图形数与 .dbf 记录数不一致，无法对应，未查看图形，请重新导出",
        "SHAPES_NO_INDEX": "缺少 .shx 或其已损坏，已按 .shp 的先后顺序读取",
        "SHAPES_ENTANGLED": "图形大量相互重叠，不像地块图层，未逐对列出，请核对",
        "OUTLINES_MISSING": "同一批文件中没有所属村的村界，未核对这些地块是否在村内",
        # single shapes
        "SHAPE_EMPTY": "该记录没有图形，或图形面积为零",
        "SHAPE_UNREADABLE": "该图形的数据自相矛盾，无法读取，请重新导出",
        "RINGS_REVERSED": "图形环的方向相反（外环应为顺时针），已按正确方向读取",
        "SHAPE_SELF_CROSSING": "图形自相交，面积无法确定，请修正后重报",
        "SHAPE_CODE_UNKNOWN": "承包地块登记中没有与此地块编码相符的有效行，请核对 DKBM",
        "SHAPE_CODE_TWICE": "同一地块编码有两个图形，请核对 DKBM",
        "SHAPE_OF_TWO_CONTRACTORS": "同一图形登记在两个承包方名下，请核实承包方",
        "SHAPE_OVERLAP": "与另一地块重叠超过较小地块面积的十分之一，请核对界址",
        "SHAPE_OUTSIDE_VILLAGE": "地块一半以上在所属村的村界之外，请核对图形或 DKBM",
        "SHAPE_AREA": "图形面积与本记录 SCMJ（平方米）不一致，请核对",
        "SHAPE_AREA_IN_MU": "本记录 SCMJ 应填平方米，实为亩，请核对单位",
        "SHAPE_AREA_NOT_SAID": "本记录 SCMJ 未填或无法识别，未与图形面积比较",
        "REGISTER_AREA": "图形面积与登记的合同面积（HTMJ、HTMJM）不一致，请核实",
        "REGISTER_AREA_UNIT": "登记的合同面积与图形面积相差一个亩与平方米的换算，请核对单位",
    }
)

# What a household reads; binding terms and decisions' codes alike.
DECISION_REASONS: MappingProxyType[str, str] = MappingProxyType(
    {
        "capacity": "额度由还款能力决定：可用于还款的年度结余与收成",
        "band": "额度由信用评分档次、核实资产与经营收入决定",
        "need": "额度由生产经营的资金需要决定",
        "headroom": "额度由产品上限与户上限扣除其他信用类授信后决定",
        "rise": "额度由较上一期增幅的上限决定",
        "budget": "额度由本村、乡镇或县的授信总额决定",
        "review": "额度由人工复核核定",
        "holdout": "额度为随机抽取样本的核定额度",
        "branch": "额度由支行核定",
        "BRANCH_REFUSED": "支行未予采纳，本次不予授信",
        "relief": "受灾（疫情）纾困期内额度保持不变",
        "RENEWAL_DUE": "原授信已到期，续授信须经签批",
        "RELIEF_KEPT": "受灾（疫情）纾困期内，原额度保持不变",
        "CONDITIONAL": "先行授信，须在期限内补交材料",
        "CONDITION_LAPSED": "须补交的材料逾期未交，先行授信已取消",
        "REVIEW_GRANTED": "经人工复核，予以授信",
        "HOLDOUT_GRANTED": "经授信委员会签署，从仅因评分未获授信的农户中随机抽取，予以小额授信",
        "REVIEW_DECLINED": "经人工复核，本次不予授信",
        "HELD": "本户已暂停用信，解除前由人工复核",
        "CONSENT_WITHDRAWN": "您已撤回对使用数据的同意，本次不予授信",
        "RELATED_PARTY": "属于本机构关系人，依法不得发放信用贷款",
        "NEGATIVE_LIST": "家庭成员在有效期内的名单上，请向列入机构了解",
        "GREY_LIST": "家庭成员列入须关注的名单，转人工复核",
        "OVERDUE_90": "有逾期超过九十天的贷款，请先归还",
        "NO_LEGAL_BASIS": "部分数据来源在本地暂无有效使用依据，转人工复核",
        "OVERDUE": "有逾期未还的贷款，转人工复核",
        "OUT_OF_AREA": "不在本机构服务区域内",
        "NO_BORROWER": "家庭中没有符合条件的借款人（年满十八周岁、在年龄上限以内、常住）",
        "AGE_TERM": "借款人年龄加贷款期限超过上限",
        "OTHER_PRODUCT": "有其他产品的贷款未结清，结清后可再授信",
        "OBJECTION": "您不同意仅由自动化方式作出决定，转人工复核",
        "DISPUTED_DATUM": "有争议的数据会影响额度，核实前转人工复核",
        "NO_INCOME_SOURCE": "没有可以核实的收入来源，转人工复核",
        "LINK_UNCONFIRMED": "有关记录是否属于本户尚待确认，转人工复核",
        "RECODED": "承包方编码有合并、拆分或更换，核实前转人工复核",
        "NOT_SCORED": "暂时无法评分，转人工复核",
        "LOWEST_BAND": "信用评分处于最低档，本次不予授信",
        "TRADER_MODEL_DECLINE": "评分未通过，先由人工复核",
        "BELOW_SMALLEST_TICKET": "测算额度低于最低授信金额",
        "BUDGET_EXHAUSTED": "本村、乡镇或县的授信总额已用完",
        "NO_ROOM_CAPACITY": "按还款能力测算没有可授信额度",
        "NO_ROOM_BAND": "按评分档次测算没有可授信额度",
        "NO_ROOM_NEED": "按生产经营需要测算没有可授信额度",
        "NO_ROOM_HEADROOM": "其他信用类授信已达上限",
        "NO_ROOM_RISE": "按较上一期增幅测算没有可授信额度",
        "NOT_IN_PUBLICATION": "不在现行授信名单内，原额度停用",
        "WITHDRAWN": "本县授信已整体撤回，原额度停用",
        "PRODUCT_REPLACED": "已改授其他产品，原产品额度停用",
        "FROZEN": "已用信余额高于新额度：余额内不再新增用信，也不要求提前归还",
        "BORROWER_HEAD": "户主为借款人",
        "BORROWER_SPOUSE": "户主不符合条件，由配偶为借款人",
        "BORROWER_ELDEST": "户主和配偶不符合条件，由最年长的合格成员为借款人",
        "AREA_DISAGREES": "台账面积与补贴面积相差较大，按较小者计算",
        "METHOD_MISSING": "有地块未登记取得方式，按家庭承包计入",
        "RENT_BY_POLICY": "流转台账未载明租金，按政策标准从种植收入中扣除",
        "RENT_UNKNOWN": "流转入土地的租金不明，未从收入中扣除",
        "UNKNOWN_CROP": "有作物没有测算标准，未计收入和资金需要",
        "AREA_UNKNOWN": "没有可用的土地面积，申报作物未计入",
        "CONDUCT_EXCUSED": "纾困期内的逾期不计入",
        "CONDUCT_REPAIRED": "已修复的逾期不计入",
        "LISTING_REPAIRED": "已修复或已过最长年限的名单条目不再计入",
        "LISTING_LIFTED": "因纾困期内逾期列入名单的条目不再计入",
        "LISTING_REFUSED": "名单条目的原因属于健康、身份或传闻，依规不予采用",
        "LISTING_OVER": "名单条目已失效或超过五年，不再计入",
        "INCOME_DISAGREES": "按标准测算与登记账本的种植收入不同，按较小者计算",
    }
)

# What says that a household objects: to automation, to a datum, or that it takes its consent back
OBJECTING = frozenset({"OBJECTION", "DISPUTED_DATUM", "CONSENT_WITHDRAWN"})

# Of the reasons that keep a line back, those that the household can mend, and by what: a customer manager tells it
MENDED_BY = MappingProxyType(
    {
        "NO_INCOME_SOURCE": "补充收入证明（账本、结算流水等）",
        "LINK_UNCONFIRMED": "持证件核实有关记录是否属于本户",
        "OTHER_PRODUCT": "结清其他产品的贷款",
        "OVERDUE": "归还逾期的贷款",
        "RECODED": "核实承包方编码",
        "CONDITION_LAPSED": "补交先行授信的材料",
    }
)

# Why a feature costs points, by how the default probability may move as its value rises
POINTS_LOST = MappingProxyType(
    {
        "falls": "{meaning}偏低",
        "rises": "{meaning}偏高",
        "free": "{meaning}所在档次得分较低",
        "missing": "没有{meaning}的资料",
    }
)
