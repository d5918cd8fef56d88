/// The page on which people try a model: three texts of our own, which need nothing from elsewhere.
enum Page {
    /// Nothing but the page's own files is loaded or run, and no other page may show it.
    static let headers: [(name: String, value: String)] = [
        (
            "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
                + "frame-ancestors 'none'"
        ),
        ("X-Content-Type-Options", "nosniff"), ("Referrer-Policy", "no-referrer"), ("Cache-Control", "no-cache"),
    ]

    static let html = #"""
        <!DOCTYPE html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Decant</title>
        <link rel="stylesheet" href="/page.css">
        <script src="/page.js" defer></script>
        </head>
        <body>
        <header>
        <h1>Decant</h1>
        <label>Model <select id="model"></select></label>
        <label id="key-field" hidden>Key <input id="key" type="password" autocomplete="off"></label>
        </header>
        <main>
        <form id="ask">
        <label for="question">Question</label>
        <textarea id="question" rows="3" required></textarea>
        <details>
        <summary>More</summary>
        <label>Instructions <textarea id="instructions" rows="2"></textarea></label>
        <label id="options-field" hidden>Options or texts, one a line <textarea id="options" rows="3"></textarea></label>
        <label>Temperature <input id="temperature" type="number" min="0" max="2" step="0.1" value="0"></label>
        <label>Seed <input id="seed" type="number" value="0"></label>
        </details>
        <button id="send">Ask</button>
        </form>
        <p id="fault" role="alert" hidden></p>
        <section id="result" hidden>
        <h2>Answer</h2>
        <div id="answer" aria-live="polite"></div>
        <p id="timing"></p>
        <h2>Alternatives</h2>
        <p class="hint">Choose a token to see what else could have stood there.</p>
        <div id="tokens"></div>
        <table id="alternatives" hidden>
        <thead><tr><th>Token</th><th>Likelihood</th><th></th></tr></thead>
        <tbody></tbody>
        </table>
        </section>
        <section>
        <h2>Lineage</h2>
        <p id="commit"></p>
        <ol id="lineage"></ol>
        </section>
        </main>
        </body>
        </html>

        """#
}
