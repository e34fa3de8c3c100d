"""`kbk watch`: grades an exercise whenever its file is saved, and shows the verdict."""
