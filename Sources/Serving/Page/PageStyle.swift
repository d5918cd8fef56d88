extension Page {
    static let style = #"""
        :root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 18%, transparent);
            --soft: color-mix(in srgb, currentColor 5%, transparent); --accent: light-dark(#0b5cad, #7db8f5); }
        * { box-sizing: border-box; }
        body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 52rem; padding: 0 1.25rem 4rem; }
        header { display: flex; flex-wrap: wrap; gap: 0.5rem 1.5rem; align-items: center; justify-content: space-between;
            border-bottom: 1px solid var(--line); padding: 1rem 0; margin-bottom: 1.5rem; }
        h1 { font-size: 1.25rem; letter-spacing: 0.02em; margin: 0; }
        h2 { font-size: 0.8rem; letter-spacing: 0.08em; text-transform: uppercase; margin: 2rem 0 0.6rem;
            color: color-mix(in srgb, currentColor 70%, transparent); }
        textarea, input, select, button { font: inherit; padding: 0.45rem 0.7rem; border: 1px solid var(--line);
            border-radius: 0.4rem; background: var(--soft); color: inherit; }
        textarea { display: block; width: 100%; margin-top: 0.3rem; }
        :focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
        form > label, details label { display: block; margin-top: 0.5rem; }
        summary { cursor: pointer; margin-top: 0.6rem; }
        form > button { margin-top: 0.9rem; padding: 0.45rem 1.6rem; background: var(--accent); color: light-dark(#fff, #111);
            border-color: transparent; cursor: pointer; }
        button:disabled { opacity: 0.5; cursor: progress; }
        fieldset { border: 1px solid var(--line); border-radius: 0.5rem; margin: 0 0 0.75rem; padding: 0.5rem 1rem 0.75rem; }
        fieldset input[type="checkbox"] { justify-self: start; }
        fieldset legend { font-family: ui-monospace, monospace; font-weight: 600; padding: 0 0.4rem; }
        fieldset label { display: grid; grid-template-columns: 12rem 1fr; gap: 0.5rem; align-items: center; margin: 0.35rem 0; }
        pre { overflow-x: auto; white-space: pre-wrap; background: var(--soft); border-radius: 0.4rem; padding: 0.75rem; }
        pre, code, #tokens { font-family: ui-monospace, monospace; font-size: 0.9rem; }
        #fault { border-left: 4px solid #c33; padding-left: 0.75rem; }
        #tokens button { border: 1px solid var(--line); border-radius: 0.2rem; background: none; color: inherit;
            margin: 0 2px 4px 0; padding: 0 0.25rem; white-space: pre; cursor: pointer; }
        #tokens button[aria-pressed="true"] { outline: 2px solid var(--accent); }
        #alternatives { border-collapse: collapse; margin-top: 0.5rem; font-variant-numeric: tabular-nums; }
        #alternatives td, #alternatives th { border-bottom: 1px solid var(--line); padding: 0.2rem 0.75rem; text-align: left; }
        #alternatives td:first-child { font-family: ui-monospace, monospace; white-space: pre; }
        #lineage { padding-left: 1.6rem; }
        #lineage li { overflow-wrap: anywhere; margin: 0.35rem 0; }
        #lineage .settings { display: block; font-size: 0.85rem; }
        .hint, #timing, #commit, #lineage code, #lineage .settings {
            color: color-mix(in srgb, currentColor 68%, transparent); }
        @media (max-width: 32rem) { fieldset label { grid-template-columns: 1fr; gap: 0; } }

        """#
}
