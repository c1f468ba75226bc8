"""The documentation page's style sheet."""

STYLE = """\
:root { color-scheme: light dark; --ink: #1c2128; --dim: #59636e; --line: #d8dee4; --paper: #fff; --soft: #f6f8fa;
  --link: #0a58b5; --get: #0a6b4f; --post: #8a4b08; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #dfe5ec; --dim: #98a2ad; --line: #30363d; --paper: #0f1318; --soft: #171c22; --link: #7db8ff;
    --get: #56c9a2; --post: #e3a456; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; display: grid; grid-template-columns: 19rem minmax(0, 1fr);
  background: var(--paper); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1rem; border-right: 1px solid var(--line);
  background: var(--soft); }
nav h1 { margin: 0 0 .5rem; font-size: 1.3rem; }
nav h2 { margin: 1rem 0 .2rem; font-size: .75rem; text-transform: uppercase; letter-spacing: .06em; color: var(--dim); }
nav a { display: flex; padding: .15rem 0; color: var(--ink); text-decoration: none; }
nav a:hover { color: var(--link); }
main { max-width: 60rem; padding: 1rem 2rem 4rem; }
section > h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
article { margin: 1.2rem 0 2rem; padding: .2rem 1rem 1rem; overflow-x: auto; border: 1px solid var(--line);
  border-radius: 6px; }
article:target { border-color: var(--link); }
h3 { margin: .7rem 0; font-size: 1.05rem; overflow-wrap: anywhere; }
h4 { margin: 1rem 0 .3rem; }
b { display: inline-block; min-width: 2.6rem; font: 600 .75em/2 ui-monospace, monospace; text-transform: uppercase; }
b.get { color: var(--get); }
b.post { color: var(--post); }
i { margin-left: .5rem; padding: .1rem .4rem; border: 1px solid var(--line); border-radius: 4px; color: var(--dim);
  font-size: .75rem; font-style: normal; font-weight: 400; }
a { color: var(--link); }
.name { margin-left: .3rem; color: var(--dim); font: .8rem ui-monospace, monospace; }
table { width: 100%; border-collapse: collapse; }
td { padding: .3rem .6rem .3rem 0; border-top: 1px solid var(--line); vertical-align: top; overflow-wrap: break-word; }
td p { margin: 0; }
td:first-child { white-space: nowrap; }
code, pre { font: .9em ui-monospace, monospace; }
pre { margin: .4rem 0 0; padding: .7rem; overflow-x: auto; border-radius: 4px; background: var(--soft); }
small, .problems { color: var(--dim); }
.problems { font-size: .85rem; }
.problems a { margin-right: .6rem; }
summary { cursor: pointer; color: var(--dim); }
@media (max-width: 50rem) {
  body { display: block; }
  nav { position: static; height: auto; max-height: 45vh; border-right: 0; border-bottom: 1px solid var(--line); }
  main { padding: 1rem; } }
"""
