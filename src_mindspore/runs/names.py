"""Names of the files in a run folder, and of the command that writes them."""

COMMAND = "train.py"

MODEL = "model.ckpt"  # the best weights by validation
LAST = "last.ckpt"  # what a resumed run goes on from
CONFIG = "config.yaml"
SPLITS_FILE = "splits.json"
DOCTOR = "doctor.json"  # what the check of the photos found before training
LOG = "log.jsonl"
CHOICE = "budget.json"  # what was chosen where the config says auto
METRICS = "metrics.json"
# labels that teachers contradict: the page, and the list of these photos for ``data.exclude``
RELABEL_PAGE, RELABEL_LIST = "relabel.html", "relabel.json"
REPORT = "report.html"  # the page of the run
CURVES, CONFUSION, RELIABILITY = "curves.png", "confusion.png", "reliability.png"
