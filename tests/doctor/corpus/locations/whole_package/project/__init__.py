from project.definitions import defs
