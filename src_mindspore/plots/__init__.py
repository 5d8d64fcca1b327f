"""Numbers to pictures and words.

Importing the room does one thing: it sees to a folder for Matplotlib, which has to be there before
Matplotlib is imported.
"""

from src_mindspore.system.home import give_matplotlib_a_folder

give_matplotlib_a_folder()
