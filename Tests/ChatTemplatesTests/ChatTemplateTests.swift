import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import ChatTemplates

/// Against the `transformers` library, whose prompts are in `Reference` (scripts/reference/chat_template_reference.py).
@Suite struct ChatTemplateTests {
    static func reference() throws -> JSON { try Checkout.json("Tests/ChatTemplatesTests/Reference/chat-templates.json") }

    @Test(arguments: ["chatml", "blocks", "values", "refusal"]) func conversationsRenderAsInTheLibrary(name: String) throws {
        let file = try Self.reference()
        let item = try #require(file["templates"]?.array?.first { $0["name"]?.string == name })
        let template = try ChatTemplate(try #require(item["template"]?.string))
        let contexts = try #require(file["contexts"]?.array)
        let prompts = try #require(item["prompts"]?.array)
        #expect(contexts.count == prompts.count && contexts.count == 48)
        for (context, prompt) in zip(contexts, prompts) {
            let variables = (context.object ?? [:]).mapValues { TemplateValue($0) }
            if let wanted = prompt.string {
                #expect(Array(try template.render(variables).utf8) == Array(wanted.utf8))
            } else {
                let error = #expect(throws: TemplateError.self) { try template.render(variables) }
                #expect(error?.reason == prompt["error"]?.string)
                #expect(error?.line == 2)
            }
        }
    }

    static func rendered(
        _ source: String, _ variables: [String: TemplateValue] = [:]
    ) throws(TemplateError) -> String {
        try ChatTemplate(source).render(variables)
    }

    @Test func aPromptDoesNotDependOnTheDay() throws {
        #expect(try Self.rendered("{{ 'now' if strftime_now is defined else 'then' }}") == "then")
        #expect(throws: TemplateError(reason: TemplateEvaluator.needsDay, line: 2)) {
            try Self.rendered("\n{{ strftime_now('%d') }}")
        }
        let template = try ChatTemplate("{{ strftime_now('%d %B %Y, %A') }}")
        #expect(template.readsDay)
        #expect(try template.render([:], day: TemplateDay("2024-02-29")) == "29 February 2024, Thursday")
        for text in ["2023-02-29", "2026-13-01", "2026-1-1", "0000-01-01", "+026-01-01", "2026-01-01T00", ""] {
            #expect(TemplateDay(text) == nil)
        }
    }

    @Test func aTemplateSaysWhetherItReadsTools() throws {
        #expect(try ChatTemplate("{% if tools %}x{% endif %}").readsTools)
        #expect(!(try ChatTemplate("tools {{ 'tools' }}").readsTools))
    }

    /// The line after a block tag is taken away with the tag, unless a plus says that it stays.
    @Test func aPlusKeepsTheLineOfATag() throws {
        #expect(try Self.rendered("a\n  {% if true %}\nb{% endif %}\nc") == "a\nbc")
        #expect(try Self.rendered("a\n  {%+ if true +%}\nb{% endif +%}\nc") == "a\n  \nb\nc")
    }

    @Test func aDefaultIsForWhatIsNotThereOrWhereAskedForWhatIsEmpty() throws {
        let variables: [String: TemplateValue] = ["empty": TemplateValue(text: ""), "full": TemplateValue(text: "x")]
        for (arguments, expected) in [
            ("missing | default('d')", "d"), ("empty | default('d')", ""), ("empty | default('d', true)", "d"),
            ("full | default('d')", "x"), ("full | default('d', true)", "x"), ("full | default('d', boolean=true)", "x"),
            ("missing | default", ""),
        ] {
            #expect(try Self.rendered("{{ \(arguments) }}", variables) == expected, "\(arguments)")
        }
    }

    @Test func stringsAreEqualByTheirCharacters() throws {
        #expect(
            try Self.rendered(
                "{{ a == b }} {{ a | length }}", ["a": TemplateValue(text: "é"), "b": TemplateValue(text: "e\u{301}")])
                == "False 1")
    }

    /// Every construct gives what it gives in Jinja, or both refuse it (scripts/reference/template_constructs.py).
    /// What is added to HTML is escaped. Values of jinja2.
    @Test(arguments: [
        (#"{{ ("<a>" | safe) + "<b>" }}"#, "<a>&lt;b&gt;"), (#"{{ "<b>" + ("<a>" | safe) + "'" }}"#, "&lt;b&gt;<a>&#39;"),
        (#"{{ ("<a>" | safe) ~ "<b>" }}"#, "<a><b>"), (#"{{ ("<a>" | safe) + ("<b>" | safe) }}"#, "<a><b>"),
        (#"{{ ("<" | e | e) + "&" }}"#, "&lt;&amp;"), (#"{{ "<" | e | forceescape }}"#, "&amp;lt;"),
        (#"{{ ("<" | safe | string) + "<" }}"#, "<&lt;"),
    ])
    func additionsToMarkupAreEscaped(source: String, prompt: String) throws {
        #expect(try ChatTemplate(source).render([:]) == prompt)
    }

    @Test func constructsRenderAsInJinja() throws {
        let text = try Data(
            contentsOf: Checkout.root.appending(path: "Tests/ChatTemplatesTests/Reference/template-constructs.json"))
        let file = try JSON(parsingAsWritten: text)
        let context = try #require(file["context"]?.object).mapValues { TemplateValue($0) }
        let constructs = try #require(file["constructs"]?.array)
        #expect(constructs.count > 130)
        for construct in constructs {
            let source = try #require(construct["source"]?.string)
            let own: String?
            var reason = ""
            do throws(TemplateError) {
                own = try ChatTemplate(source).render(context, day: TemplateDay("2026-01-31"))
            } catch {
                (own, reason) = (nil, error.reason)
            }
            #expect(
                own.map { Array($0.utf8) } == construct["text"]?.string.map { Array($0.utf8) }, "\(source): \(own ?? reason)")
        }
    }

    /// What cannot be read or rendered, and what is said about it.
    static let faults: [(source: String, line: Int, reason: String)] = [
        ("a\n{% if x %}b", 2, "expected 'elif' or 'else' or 'endif'"),
        ("{% endif %}", 1, "the tag 'endif' is not supported"),
        ("\n\n{{ x", 3, "the tag has no end"),
        ("{# x", 1, "the comment has no end"),
        ("{{ 'x }}", 1, "the string has no end"),
        ("{{ x ? y }}", 1, "'?' has no meaning here"),
        ("{{ x | tohtml }}", 1, "the filter 'tohtml' is not supported"),
        ("{{ x is prime }}", 1, "the test 'prime' is not supported"),
        ("{% include 'x' %}", 1, "the tag 'include' is not supported"),
        ("{{ 1 + }}", 1, "expected an expression"),
        ("{{ 99999999999999999999 }}", 1, "the number 99999999999999999999 is too large"),
        ("{{ x.y.z }}", 1, "'y' is asked of 'x', which is not defined"),
        ("{{ 1 + 'a' }}", 1, "'+' cannot take a number and a string"),
        ("{{ 1 // 0 }}", 1, "'//' cannot take 1 and 0"),
        ("{{ 9223372036854775807 + 1 }}", 1, "the number is too large"),
        ("{{ f(1) }}", 1, "'f', which is not defined cannot be called"),
        ("{% for x in 3 %}{% endfor %}", 1, "a number has no elements"),
        ("{% for x, y in [1] %}{% endfor %}", 1, "2 names take a list of as many values, and not a number"),
        ("{% set x = {} %}{% set x.y = 1 %}", 1, "'x' is no namespace, so its members cannot be set"),
        ("{{ range(1000000) }}", 1, "range gives more than 100000 numbers"),
        ("{{ 'a' * 100000000 }}", 1, "a string has more than 16777216 bytes"),
        ("{{ 'a'.nothing() }}", 1, "'nothing', which is not defined cannot be called"),
        ("{{ x | tojson }}", 1, "tojson cannot write 'x', which is not defined"),
        (
            "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}", 1,
            "rendering takes more than 2000000 steps"
        ),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", 1, "rendering nests deeper than 160 levels"),
        (
            "{% set ns = namespace(x='aaaaaaaa') %}{% for i in range(99) %}{% set ns.x = ns.x + ns.x %}{% endfor %}", 1,
            "a string has more than 16777216 bytes"
        ),
    ]

    @Test(arguments: faults.indices) func aFaultIsNamedWithItsLine(index: Int) {
        let fault = Self.faults[index]
        #expect(throws: TemplateError(reason: fault.reason, line: fault.line)) { try Self.rendered(fault.source) }
    }

    @Test func deepNestingIsRefusedInReading() {
        for (open, close) in [("(", ")"), ("[", "]"), ("not ", ""), ("- ", ""), ("x[", "]"), ("x(", ")")] {
            let source = "{{ " + String(repeating: open, count: 5000) + "1" + String(repeating: close, count: 5000) + " }}"
            #expect(throws: TemplateError.self) { try Self.rendered(source) }
        }
        #expect(throws: TemplateError.self) { try Self.rendered(String(repeating: "{% if x %}", count: 5000)) }
        #expect(throws: TemplateError.self) { try Self.rendered("{{ " + String(repeating: "1 + ", count: 5000) + "1 }}") }
        #expect(throws: TemplateError.self) { try Self.rendered(String(repeating: "a", count: 300_000)) }
    }

    /// Random damage to a template gives an error or a prompt; never a crash.
    @Test func randomDamageNeverCrashes() throws {
        let file = try Self.reference()
        let context = try #require(file["contexts"]?[20]?.object).mapValues { TemplateValue($0) }
        var random = TestRandom(seed: 3)
        var refused = 0
        for item in try #require(file["templates"]?.array) {
            let bytes = Array(try #require(item["template"]?.string).utf8)
            for _ in 0..<300 {
                var damaged = bytes
                for _ in 0..<Int.random(in: 1...4, using: &random) {
                    let place = Int.random(in: 0..<damaged.count, using: &random)
                    switch Int.random(in: 0..<3, using: &random) {
                    case 0: damaged[place] = UInt8.random(in: 0x20...0x7E, using: &random)
                    case 1: damaged.remove(at: place)
                    default: damaged.insert(damaged[Int.random(in: 0..<damaged.count, using: &random)], at: place)
                    }
                }
                do throws(TemplateError) {
                    _ = try Self.rendered(String(decoding: damaged, as: UTF8.self), context)
                } catch {
                    #expect(error.line > 0)
                    refused += 1
                }
            }
        }
        #expect(refused > 300)
    }
}
