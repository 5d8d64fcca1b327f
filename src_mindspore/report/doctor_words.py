"""What the doctor says, in Chinese: its findings by their kinds, and the details beside photos.

The English text is the doctor's own, see ``doctor``. Numbers in it are left to the details.
"""

import re

from src_mindspore.doctor.findings import Finding
from src_mindspore.report.language import Both

# by kind of the findings with which a run can be trained
FINDINGS = {
    "not_sure_class": "predict.py --sort 没有把握的照片在这里成了一个类别：请分类或移走",
    "alike_inside": "各类别文件夹内有相同的子文件夹，像是数据划分：若是划分，请命名为 train/、val/"
    " 和 test/",
    "nested_folder": "类别文件夹内还有文件夹，其中的照片算作外层类别：若它们本身是类别，请上移，或"
    "用 --data 指定其上层文件夹",
    "split_in_class": "类别文件夹内有以划分命名的文件夹，其中的照片已混在一起并重新划分：写成 SPLI"
    "T/CLASS/photo.jpg 可保留划分",
    "suffix": "后缀与实际格式不符的图像；按内容读取",
    "animated": "动画或多页文件；使用第一帧",
    "cmyk": "CMYK 图像；不用色彩配置文件转换为 RGB",
    "alpha": "带透明度的图像；放在白色背景上",
    "rotated": "由 EXIF 旋转的图像；已转正，其他程序可能不会这样做",
    "orientation": "EXIF 或 XMP 损坏，无法得知方向的图像；视为正立",
    "deep": "每通道超过 8 位、有符号或实数值的图像；全部用同一范围换算为 0 到 255",
    "deep_mixed": "超过 8 位的图像与 8 位图像混用，后者保持不变：相同亮度在两者中应表示相同含义",
    "deep_dark": "只用到取值范围不足十六分之一的图像：位深与其他图像不同，或非常暗",
    "deep_depths": "标签给出多种位深的图像，却按同一范围换算",
    "deep_marked": "最小值或最大值远离其余各值的图像，像是缺失值的标记；其余各值只占取值范围不足十"
    "六分之一：请替换该值，"
    "或写入 TIFF 标签 GDAL_NODATA",
    "blank": "单一颜色的图像，什么也没有显示：如果这不是一个类别，请排除",
    "contrast": "几乎没有对比度：一半图像中最亮与最暗部分相差无几，网络看不到多少内容：请先调整取"
    "值范围",
    "identical_labels": "同一文件有两个标签：只保留一个，或全部排除",
    "identical_across": "同一文件既在训练集又在评估集；训练集中的副本未被使用",
    "identical_copies": "同一文件在一个类别中出现多次；副本会重复计数",
    "near_labels": "几乎相同的照片有两个标签：哪个正确？",
    "near_val_test": "几乎相同的照片同时在 val/ 和 test/ 中",
    "near_across": "几乎相同的照片既在训练集又在评估集；训练集中的副本未被使用（data.near_duplicat"
    "es）",
    "near_copies": "同一类别中几乎相同的照片；由我们划分时会放在一起",
    "tiny_class": "可供学习的照片太少的类别：请添加照片、合并或去掉",
    "unscored_class": "在某个评估集中没有照片的类别：无法得知其效果",
    "imbalance": "各类别的照片数量不均；可用 loss.class_weights 补偿，先试 sqrt",
    "name_control": "名称含控制字符、换行或改变文字方向的标记：请改名",
    "name_dash": "以短横线开头的名称；shell 会当作选项",
    "name_space": "以空格开头或结尾的名称",
    "name_long": "过长的路径；Windows 连同文件夹最多打开 260 个字符",
    "class_form": "类别文件夹名称字母相同但 Unicode 形式不同；在 macOS 上是同一个：请合并或改名",
    "name_form": "文件名字母相同但 Unicode 形式不同；在 macOS 上是同一个",
    "class_case": "类别文件夹名称只有大小写不同；在 Windows 和 macOS 上是同一个",
    "name_case": "文件名只有大小写不同；在 Windows 和 macOS 上是同一个",
}
# of a whole detail: the doctor's English, and the Chinese
DETAILS = (
    (r"(\d+) photos?", r"\1 张照片"),
    (r"(\d+) frames", r"\1 帧"),
    (r"correlation (.+)", r"相关系数 \1"),
    (r"orientation (\d+)", r"方向 \1"),
    (r"is (\w+)", r"实为 \1"),
    (r"(.+), (\S+) to (\S+)", r"\1，\2 至 \3"),
)


def said(finding: Finding) -> Both:
    """What a finding is; one of a kind that is not known here in English."""
    return Both(finding.text, FINDINGS.get(finding.kind, finding.text))


def detail(text: str) -> Both:
    """What is said beside photos; what is not known here in English."""
    for english, chinese in DETAILS:
        if re.fullmatch(english, text):
            return Both(text, re.sub(english, chinese, text))
    return Both(text, text)
