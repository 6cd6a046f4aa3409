"""Words that deny, affirm and doubt, in English and Chinese, as patterns for `statement.py`.

The texts are lower case, with plain punctuation (`Source`): a Chinese comma is a comma.
"""

from __future__ import annotations

import re

NEGATION = re.compile(
    r"\bno longer\b|\bno more\b|\binstead of\b|\brather than\b|\b(?:gets?|got|getting) rid of\b|\bw/o\b|\b(?:does|do|did) away with\b"
    r"|\b(?:throw|leave|take|cut)(?:s|n|ing)? (?:out|away|off)\b|\b(?:left|thrown|took) (?:out|away|off)\b|\bfree of\b"
    r"|\bno(?! (?:change|difference))\b|\bnot(?: (?:used|kept|there|present|included|needed|retained))?\b(?! (?:only|chang))"
    r"|\b(?:never|without|neither|nor|cannot|none|nothing|except|minus|sans|lacks?|lacking|unlike|gone|absent|missing|replaces|\w{2,6}n't)\b"
    r"|\b(?:remov|delet|eliminat|exclud|prun|truncat|eras)(?:es?|ed|ing|al of|al|ion)\b|\b(?:avoid|discard|abandon|trim|scrap|ditch|omit|drop|strip)"
    r"(?:p?ed|t?ed|m?ed|s|es|p?ing|t?ing|m?ing)?\b|\b(?:disappear|vanish)(?:s|es|ed)\b"
    r"|\b(?:0|zero)(?= [a-z]{2})|[数量目][为是]?\s*[0零](?![0-9.])|零个|=\s*0(?![0-9.])|[✗✘☒]|(?<=\s)\*\s*$"
    r"|不再|没有?了|没有(?!改变|变)|不是|并非|不用|不会|不能|不含|不需要?|不使用|不采用|不存在|不包[含括]|不要|不带|不设|不像|无需|而非|避免|消失"
    r"|(?:去掉|去除|除去|去了|移除|删除|删掉|删去|删了|舍弃|舍掉|舍去|丢弃|丢掉|抛弃|抛掉|扔掉|取消|省略|省去|省掉|略去|砍掉|砍去|砍了|裁掉|裁去|剪掉|剪去|剔除|排除"
    r"|拿掉|摘掉|摘除|撤掉|减掉|减去|免去|摒弃|弃用|缺少|代替|取代|替代)了?|(?<!\w)去(?!年)"
    r"|[不没无非未](?![同变仅只但过断管论法常来数])|\breplaced\s+(?:by|with)\b|被(?=[^,;.]{0,16}(?:代替|取代|替换|替代))"
)
# These deny what stands before them, whatever follows.
BACKWARD = re.compile(r"replaced|被")
# These deny only what follows them; those say of what stands before them that it has gone.
FORWARD = re.compile(
    r"no|without|w/o|lacks?|lacking|free of|except|unlike|instead of|rather than|never|neither|nor|0|zero"
)
PERFECT = re.compile(r"(?:ed|gone|not \w+|了)$")
PASSIVE = re.compile(r"\b(?:is|are|was|were|been|being|all)\s+$|[被已都全均]\s*$")
BOUNDARY = re.compile(
    r"(?<![0-9])\.|\.(?![0-9])|[:;!\n|]|<br\s*/?>|\bbut\b|\bwhereas\b|\bwhile\b|\binstead,|而是|但是?|却|而(?![且不没无非未已])"
)
# Words that begin something new after a thing was denied: "drops fc6 and keeps the unpooling".
TURN = re.compile(
    r"\b(?:keep|use|ha|add|retain|contain)(?:s|ve|eps?|ps|ins?)?\b|\b(?:by|with|only)\b|保留|使用|采用|改[用为]|换成|而?[只仅]?用|只有"
)
DOUBT = re.compile(
    r"\bnot sure\b|\bno idea\b|\bunknown\b|\bunclear\b|\bnot clear\b|\bdon't know\b|\bmaybe\b|\bperhaps\b|\bpossibly\b|\bprobably\b"
    r"|\?|不知道?|不清楚|不确定|不一定|(?<!尽)可能|也许|或许|待定"
)
YES = re.compile(
    r"^\s*yes\b.*|\b(?:yes|both|uses?|used|has|have|with|yep|y|true|kept|keeps?|present|included|exists?)\b|[✓✔√☑]|保留了?|存在|包含|采用了?|使用了?|有|是的?|用了?"
)
NO_MARK = re.compile(r"(?<![a-z0-9])(?:n|n/a|false)(?![a-z0-9])|[✗✘×☒]|^\s*[-x*/]\s*$|否")
FILLER = re.compile(
    r"\b(?:the|a|an|it|its|is|are|was|were|been|be|all|both|of|them|these|this|that|in|as|there|here|does|do|did|has|have|so|too|also|still|just|two|three|needed|completely|entirely|block|layer)s?\b"
    r"|完全|全部|整个|直接|已经|仍然|还|仍|一样|同样|此|并|这一?个?|该|模块|部分|[都也已被掉了的它层均]"
)
LIST_WORD = re.compile(r"\s*(?:and|or|nor|the|以及|及|和|与|或|\+|&)*\s*(?:the\s+)?")
# Words between a negation and a thing that make it doubtful what is denied: "no learning by switches".
MEANS = r"(?:\b(?:using|via|through|by|with|based on)\b|通过|利用|借助|基于|[使采]?用)"
ASTRAY = re.compile(rf"(?!{MEANS}\s*$)\S.*?{MEANS}|.*(?:\blearn|学习)")
MARKS = "✗✘☒*"
