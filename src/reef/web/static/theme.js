// Before anything is painted: the theme that was chosen, where one was.
(() => {
  const chosen = localStorage.getItem("reef-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
})();
