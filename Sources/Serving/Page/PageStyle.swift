extension Page {
    static let style = #"""
        :root { color-scheme: light dark; --line: color-mix(in srgb, currentColor 25%, transparent); }
        * { box-sizing: border-box; }
        body { font: 16px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 56rem; padding: 0 1rem 4rem; }
        header { display: flex; flex-wrap: wrap; gap: 1rem; align-items: baseline; border-bottom: 1px solid var(--line); }
        h1 { font-size: 1.4rem; }
        h2 { font-size: 1.1rem; margin: 1.5rem 0 0.5rem; }
        textarea, input, select, button { font: inherit; padding: 0.3rem 0.5rem; }
        textarea { display: block; width: 100%; }
        form > label, details label { display: block; margin-top: 0.5rem; }
        button { margin-top: 0.75rem; padding: 0.4rem 1.5rem; }
        fieldset { border: 1px solid var(--line); border-radius: 0.4rem; margin: 0 0 0.75rem; }
        fieldset input[type="checkbox"] { justify-self: start; }
        fieldset legend { font-family: ui-monospace, monospace; font-weight: 600; }
        fieldset label { display: grid; grid-template-columns: 12rem 1fr; gap: 0.5rem; align-items: center; margin: 0.25rem 0; }
        pre { overflow-x: auto; white-space: pre-wrap; }
        pre, #tokens, #lineage code { font-family: ui-monospace, monospace; font-size: 0.9rem; }
        #fault { border-left: 4px solid #c33; padding-left: 0.75rem; }
        #tokens button { border: 1px solid var(--line); border-radius: 0.2rem; background: none; color: inherit;
            margin: 0 2px 4px 0; padding: 0 0.25rem; white-space: pre; cursor: pointer; }
        #tokens button[aria-pressed="true"] { outline: 2px solid currentColor; }
        #alternatives { border-collapse: collapse; margin-top: 0.5rem; }
        #alternatives td, #alternatives th { border-bottom: 1px solid var(--line); padding: 0.2rem 0.75rem; text-align: left; }
        #alternatives td:first-child { font-family: ui-monospace, monospace; white-space: pre; }
        #lineage li { overflow-wrap: anywhere; }
        .hint, #timing, #commit { opacity: 0.75; }

        """#
}
