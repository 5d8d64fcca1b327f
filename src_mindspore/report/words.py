"""All words of the page, in both languages side by side; see ``language.py``."""

# by key: English, Chinese
WORDS: dict[str, tuple[str, str]] = {
    "title": ("Run {run}", "训练结果 {run}"),
    "language": ("中文", "English"),
    "verdict": (
        "<b>{top1}</b> of {n} validation photos right (95 % interval {low} to {high})",
        "{n} 张验证照片中 <b>{top1}</b> 正确（95 % 置信区间 {low} 至 {high}）",
    ),
    "chosen_on": (
        "Epoch, temperature and threshold were chosen on these photos: others will score a little "
        "lower.",
        "训练轮次、温度和阈值都是用这些照片选出的：其他照片的得分会略低。",
    ),
    "model_line": (
        "{network}, {classes} classes, {runtime}",
        "{network}，{classes} 个类别，{runtime}",
    ),
    "tile_top1": ("top-1", "top-1 准确率"),
    "tile_f1": ("macro F1", "宏平均 F1"),
    "tile_wrong": ("wrong", "错误"),
    "tile_worst": ("worst class: {name}", "最差类别：{name}"),
    "tile_doctor": ("for you to decide, says the doctor", "doctor 提示需要决定"),
    "tile_doubt": ("labels to look at", "需要检查的标签"),
    "nav_classes": ("Classes", "类别"),
    "nav_confusion": ("Confusion", "混淆矩阵"),
    "nav_photos": ("Photos", "照片"),
    "nav_training": ("Training", "训练过程"),
    "nav_reliability": ("Reliability", "置信度"),
    "nav_data": ("Data", "数据"),
    "nav_files": ("Files", "文件"),
    "classes": ("Classes, the worst first", "各类别（最差的在前）"),
    "classes_some": (
        "The {shown} of {all} classes with the lowest recall; metrics.json has all.",
        "共 {all} 个类别，这里是召回率最低的 {shown} 个；全部见 metrics.json。",
    ),
    "class": ("class", "类别"),
    "recall": ("recall", "召回率"),
    "precision": ("precision", "精确率"),
    "taken_for": ("taken for", "被误认为"),
    "confusion": ("Confusion matrix", "混淆矩阵"),
    "confusion_about": (
        "A row for each true class, a column for what the model said. A number opens its photos.",
        "每行是真实类别，每列是模型的回答。点击数字查看对应的照片。",
    ),
    "confusion_some": (
        "The {shown} of {all} classes most often taken for one another.",
        "共 {all} 个类别，这里是最常互相混淆的 {shown} 个。",
    ),
    "wrong": ("Wrong photos", "错误的照片"),
    "wrong_about": (
        "Beside each photo: what the model said, and the training photos that look most alike to "
        "it. If these are of the class that it said, the label may be wrong.",
        "每张照片旁是模型的回答，以及在模型看来最相似的训练照片。如果它们属于模型所说的类别，"
        "那么标签可能有误。",
    ),
    "wrong_none": ("No validation photo is wrong.", "没有判断错误的验证照片。"),
    "some_photos": (
        "{shown} of {all} photos are shown.",
        "共 {all} 张，这里显示 {shown} 张。",
    ),
    "no_room": (
        "{n} pictures were left away to keep this page small.",
        "为控制页面大小，省略了 {n} 张图片。",
    ),
    "drawn": (
        "Alike photos were looked for among {shown} of {all} training photos, drawn at random.",
        "相似照片是在随机抽取的 {shown} 张训练照片（共 {all} 张）中查找的。",
    ),
    "map_switch": ("show where the network looked", "显示网络关注的区域"),
    "map_about": (
        "Red and yellow: places with the evidence for the class that is said (class activation "
        "map, Zhou et al. 2016). With the bias they add up to its logit exactly.",
        "红色和黄色：支持所答类别的区域（类激活图，Zhou 等，2016）。各处的贡献与偏置之和恰好等于"
        "该类别的 logit。",
    ),
    "map_none": (
        "Where the network looked is not shown: this head has hidden layers, and a class "
        "activation map is exact only for one Dense layer on the last map.",
        "未显示网络关注的区域：该分类头含有隐藏层，而类激活图仅对直接作用于最后特征图的"
        "单个全连接层是精确的。",
    ),
    "map_differs": (
        "Where the network looked is not shown: the maps do not add up to the model's own scores.",
        "未显示网络关注的区域：特征图与模型自身的分数不一致。",
    ),
    "label": ("label", "标签"),
    "said": ("model", "模型"),
    "alike": ("it looked like these", "看起来像这些训练照片"),
    "doubtful": ("label?", "标签存疑"),
    "doubtful_about": (
        "Nearly all alike training photos are of the class that the model said, and none is of "
        "the label's.",
        "相似的训练照片几乎都属于模型所说的类别，没有一张属于标签的类别。",
    ),
    "unsure": ("Right, but the least sure", "正确但最没有把握的照片"),
    "right": ("Right photos", "正确的照片"),
    "right_about": ("In each class the least sure first.", "每个类别中，最没有把握的在前。"),
    "held_back": (
        "Below a score of {threshold} the model says “not sure”: {answered} of {n} are answered, "
        "{right} of them right.",
        "分数低于 {threshold} 时模型回答“不确定”：{n} 张中回答了 {answered} 张，"
        "其中 {right} 张正确。",
    ),
    "training": ("Training", "训练过程"),
    "chart_top1": ("top-1, %", "top-1 准确率，%"),
    "chart_loss": ("loss", "损失"),
    "chart_lr": ("learning rate", "学习率"),
    "line_train": ("training, as optimised", "训练（增强后的照片）"),
    "line_val": ("validation", "验证"),
    "stage_head": ("head", "分类头"),
    "stage_finetune": ("fine-tuning", "微调"),
    "best_epoch": (
        "Best epoch: {stage} {epoch}, validation top-1 {top1}.",
        "最佳轮次：{stage} 第 {epoch} 轮，验证 top-1 {top1}。",
    ),
    "reliability": ("Do the scores mean what they say?", "分数可信吗？"),
    "reliability_about": (
        "Of the answers with a score of 80 %, 80 % should be right: bars on the diagonal. Lines "
        "are 95 % intervals.",
        "在分数为 80 % 的回答中，应当有 80 % 是正确的，即柱顶落在对角线上。细线为 95 % 置信区间。",
    ),
    "before": ("before: ECE {ece}", "校准前：ECE {ece}"),
    "after": (
        "temperature {temperature}: ECE {ece}",
        "温度 {temperature}：ECE {ece}",
    ),
    "by_chance": (
        "A perfectly calibrated model would show an ECE of {low} to {high} here, by chance alone.",
        "即使完全校准的模型，仅因偶然，这里的 ECE 也会在 {low} 到 {high} 之间。",
    ),
    "data": ("Training data", "训练数据"),
    "data_counts": (
        "{train} training and {val} validation photos of {root}.",
        "{root} 中有 {train} 张训练照片和 {val} 张验证照片。",
    ),
    "left_out": (
        "{n} training photos were left out: they are identical, or nearly so, to validation or "
        "test photos.",
        "{n} 张训练照片未被使用：它们与验证或测试照片完全相同或几乎相同。",
    ),
    "excluded": ("{n} photos were left out by your list.", "按照您的列表排除了 {n} 张照片。"),
    "skipped": (
        "{n} photos could not be read any more, or had changed, while the run worked.",
        "{n} 张照片在训练期间无法读取或已被修改。",
    ),
    "clean": ("No photo was left out.", "没有照片被排除。"),
    "doctor_found": ("What the doctor found", "doctor 检查的结果"),
    "doctor_nothing": ("Nothing to decide, nothing to note.", "没有需要决定或注意的问题。"),
    "doctor_near": (
        "Nearly identical photos were not looked for (data.near_duplicates: keep).",
        "没有查找几乎相同的照片（data.near_duplicates: keep）。",
    ),
    "doctor_more": ("and {n} more", "另有 {n} 个"),
    "doctor": (
        "As training saw the folder: of the photos alike, those that would spoil its score. The "
        "doctor compares all, says what else lies in the folder, and has every name:",
        "以上是训练时的检查：在相似的照片中只查找会影响得分的。doctor 会比较所有照片，说明文件"
        "夹中还有什么，"
        "并列出全部名称：",
    ),
    "doctor_absent": (
        "This run is of a version that did not keep it. The doctor shows damaged photos, copies "
        "and odd names in the folder as it is now:",
        "该训练由未保存检查结果的版本完成。用 doctor 检查该文件夹目前的损坏照片、重复照片和异常"
        "名称：",
    ),
    "weights": ("Classes and their weights", "各类别与损失权重"),
    "weight": ("weight in the loss", "损失权重"),
    "train_photos": ("training", "训练"),
    "val_photos": ("validation", "验证"),
    "seconds": ("Time", "用时"),
    "step": ("step", "步骤"),
    "step_total": ("all", "总计"),
    "step_photos": ("reading and checking the photos", "读取并检查照片"),
    "step_head": ("head, with its features", "分类头（含特征提取）"),
    "step_finetune": ("fine-tuning, with its features", "微调（含特征提取）"),
    "step_scoring": ("calibration and final score", "校准与最终评分"),
    "step_rest": ("the rest", "其他"),
    "unit_seconds": ("seconds", "秒"),
    "files": ("Exported files", "导出的文件"),
    "files_about": (
        "Each scored on {n} validation photos in its own runtime, beside the checkpoint.",
        "每个文件都在其自身的运行时中对 {n} 张验证照片评分，并与检查点比较。",
    ),
    "files_none": (
        "Nothing has been exported yet. The next step:",
        "尚未导出。下一步：",
    ),
    "file": ("file", "文件"),
    "runtime": ("runtime", "运行时"),
    "difference": ("largest difference", "最大差异"),
    "other_labels": ("other labels", "标签不同"),
    "unchecked": ("not checked", "未检查"),
    "config": ("Config", "配置"),
    "hashes": ("Hashes (SHA-256)", "哈希值（SHA-256）"),
    "no_picture": ("no picture", "无图片"),
    "differs": (
        "These photos were scored again for this page, and the figures are not those of "
        "metrics.json: photos have gone or changed since.",
        "本页重新评分所得的数字与 metrics.json 不同：照片已缺失或被修改。",
    ),
    "live": (
        "Training: {stage}, epoch {epoch}. This page is written anew while it goes on, and is "
        "complete when the run has ended.",
        "训练中：{stage}，第 {epoch} 轮。训练期间本页会不断更新，训练结束后内容完整。",
    ),
    "live_stopped": (
        "If the run was stopped, this goes on with it:",
        "如果训练被中断，可用以下命令继续：",
    ),
    "live_best": (
        "Best validation top-1 so far: <b>{top1}</b> of {n} photos",
        "目前最佳验证 top-1：{n} 张照片中 <b>{top1}</b>",
    ),
}
