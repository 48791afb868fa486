overview();
document.getElementById("papers").append(...page.papers.map(about));
suites();
filters();
document
  .getElementById("left-out")
  .append(...page.left_out.map((line) => make("li", {}, line)));
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the fragment is the filters'
  document.getElementById("tables").focus();
});
window.addEventListener("hashchange", recall);
recall();
