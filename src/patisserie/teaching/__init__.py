"""Notes for those who teach the course: a plan for each lab, what to ask, what goes wrong."""

from patisserie.teaching.notes import Answer, LabNotes, Question, Step, load_notes, problems
from patisserie.teaching.page import notes_page

__all__ = ["Answer", "LabNotes", "Question", "Step", "load_notes", "notes_page", "problems"]
