"""For those who teach the course: a plan for each lab and for a day, what to ask, what goes wrong."""

from patisserie.teaching.agendas import Agenda, load_agendas
from patisserie.teaching.agendas_page import agendas_page
from patisserie.teaching.notes import Answer, LabNotes, Question, Step, load_notes, problems
from patisserie.teaching.page import notes_page

__all__ = [
    "Agenda",
    "Answer",
    "LabNotes",
    "Question",
    "Step",
    "agendas_page",
    "load_agendas",
    "load_notes",
    "notes_page",
    "problems",
]
