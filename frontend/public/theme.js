// Runs before the first paint, so that a chosen theme does not flash; the policy forbids it inline.
{
  const theme = localStorage.getItem("groat.theme");
  if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
}
