import CanonicalJSON
import Foundation
import Fuzzing
import TestSupport
import Testing

@testable import ChatTemplates

/// Templates that ask for more than there is: each ends soon, with little memory, with a text or an error that says why.
@Suite struct HostileTemplateTests {
    static let variables: [String: TemplateValue] = [
        "messages": TemplateValue([["role": "user", "content": "hi"], ["role": "assistant", "content": "yes"]])
    ]
    private static let nest = "{% set ns = namespace(x=[]) %}{% for i in range(50000) %}{% set ns.x = [ns.x] %}{% endfor %}"
    private static let laugh =
        "{% set ns = namespace(x=['lol']) %}{% for i in range(40) %}{% set ns.x = [ns.x, ns.x] %}{% endfor %}"
    private static let long = "{% set a = ('a' * 1000) * 8000 %}"
    private static let loop = "{% for i in range(100000) %}"
    private static let steps = "rendering takes more than 2000000 steps"
    private static let size = "a string has more than 16777216 bytes"
    private static let deep = "lists and mappings lie deeper in one another than 300 levels"

    /// A template, and what is said about it; nil where it gives a text.
    static let directed: [(source: String, reason: String?)] = [
        // Repetition.
        ("{{ 'a' * 9223372036854775807 }}", size), ("{{ ('a' * 64 * 64) * 288230376151711745 }}", size),
        ("{{ ('a' * 128) * 4611686018427387905 }}", size), ("{{ 'ab' * 4611686018427387904 }}", size),
        ("{{ '' * 9223372036854775807 }}", nil), ("{{ 'a' * -9223372036854775807 }}", nil), ("{{ 'a' * 0 }}", nil),
        ("{{ 'a' * 16777217 }}", size), ("{{ ('a' * 16777216) | length > 1 }}", steps), ("{{ 'a' * true }}", nil),
        ("{{ 9223372036854775807 * 2 }}", "the number is too large"), ("{{ [1] * 3 }}", nil),
        ("{{ [1] * 9223372036854775807 }}", steps), ("{{ 2 ** 9223372036854775807 }}", "the number is too large"),
        ("{{ '%9999999d' % 1 }}", "a field is wider than 10000"),
        ("{{ '{:>9999999}'.format(1) }}", "a field is wider than 10000"),
        ("{{ 'a'.center(9223372036854775807) }}", size), ("{{ ('a\\t' * 1000000).expandtabs(1024) | length }}", steps),
        // Nesting.
        (nest, deep), (nest + "{{ ns.x }}", deep), (nest + "{{ ns.x == ns.x }}", deep), (nest + "{{ ns.x | tojson }}", deep),
        ("{% set ns = namespace(x={}) %}\(loop){% set ns.x = {'a': ns.x} %}{% endfor %}", deep),
        (
            "{% set ns = namespace(x='') %}\(loop){% set ns.x = ns.x.strip %}{% endfor %}",
            "'strip' is asked of 'strip', which is not defined"
        ),
        ("{% set ns = namespace(x={}) %}\(loop){% set ns.x = [ns.x.items] %}{% endfor %}", steps),
        ("{% set ns = namespace() %}\(loop){% set ns.x = ns %}{% endfor %}", nil),
        ("{% for x in [[[]]] recursive %}{{ loop([x]) }}{% endfor %}", "rendering nests deeper than 160 levels"),
        ("\(loop){{ range(100) | map('abs') | list | length }}{% endfor %}", steps),
        ("\(loop){% macro m(a, b, c) %}{% endmacro %}{% endfor %}", nil),
        ("{{ range(100000) | sort | length }}{{ range(100000) | sort | length }}", steps),
        ("{% set ns = namespace(x=1) %}\(loop){% set ns.x = dict(a=ns.x) %}{% endfor %}", deep),
        ("{% set ns = namespace(x=[1]) %}\(loop){% set ns.x = [ns.x] | list %}{% endfor %}", deep),
        (
            "{% set ns = namespace(x={'a': 1}) %}\(loop){% set ns.x = ns.x.items() %}{% endfor %}",
            "'items', which is not defined cannot be called"
        ),
        // Values that hold one another many times.
        (laugh + "{{ ns.x }}", steps), (laugh + "{{ (ns.x | string) | length }}", steps),
        (laugh + "{{ ns.x | tojson | length }}", steps), (laugh + "{{ ns.x ~ '' }}", steps),
        (laugh + "{{ ns.x == [ns.x[0], ns.x[1]] }}", steps), (laugh + "{{ ns.x in [ns.x] }}", steps),
        (laugh + "{{ [ns.x, ns.x] | unique | length }}", "a list cannot be the key of a mapping"),
        (laugh + "{{ ns.x | join(',') }}", steps),
        (laugh + "{{ ns.x | map('string') | list | length }}", steps), (laugh + "{{ ns.x is eq(ns.x) }}", steps),
        (laugh + "{{ ns.x | upper }}", steps), (laugh + "{{ raise_exception(ns.x) }}", steps),
        (laugh + "{{ ns.x | trim }}", steps),
        (laugh + "{{ {'a': ns.x} | replace('a', 'b') }}", steps), (laugh + "{{ ns.x | indent }}", steps),
        (laugh + "{{ {'a': 1}[ns.x | string] }}", steps), (laugh + "{{ ns.x | length }}", nil),
        // Indentation.
        ("{{ messages | tojson(indent=-1) }}", nil), ("{{ messages | tojson(indent=9223372036854775807) }}", size),
        ("{{ messages | tojson(indent=-9223372036854775807) }}", nil), ("{{ messages | tojson(indent=1000000000) }}", size),
        ("{{ messages | tojson(indent=8000000) }}", size), ("{{ messages | tojson(indent=0) }}", nil),
        ("{{ 'a\\nb' | indent(9223372036854775807, true) }}", size), ("{{ ('a\\n' * 100000) | indent(1024) }}", size),
        // Long strings, looked at again and again.
        (long + loop + "{{ a[0] }}{% endfor %}", steps), (long + loop + "{{ a[-1] }}{% endfor %}", steps),
        (long + loop + "{% set x = [a] | string %}{% endfor %}", steps),
        (long + loop + "{% if a == a %}{% endif %}{% endfor %}", steps),
        (long + loop + "{% if a < a %}{% endif %}{% endfor %}", steps),
        (long + loop + "{% if 'b' in a %}{% endif %}{% endfor %}", steps),
        (long + loop + "{% set x = a[1:] %}{% endfor %}", steps), (long + loop + "{% set x = a[::-1] %}{% endfor %}", steps),
        (long + loop + "{% set x = a.upper() %}{% endfor %}", steps),
        (long + loop + "{% set x = a.find('b') %}{% endfor %}", steps),
        (long + loop + "{% set x = a.count('b') %}{% endfor %}", steps),
        (long + loop + "{% set x = a | int %}{% endfor %}", steps),
        (long + loop + "{% set x = a | float %}{% endfor %}", steps), (long + loop + "{% set x = {}[a] %}{% endfor %}", steps),
        (long + loop + "{% set x = a.startswith(a) %}{% endfor %}", steps),
        (long + loop + "{% set x = a.strip() %}{% endfor %}", steps),
        (long + loop + "{% set x = a | title %}{% endfor %}", steps),
        (long + loop + "{% set x = a in [a] %}{% endfor %}", steps),
        (long + loop + "{{ a.nothing }}{% endfor %}", nil), (long + "{{ a | list | length }}", steps),
        (long + "{{ a.split('a') | length }}", steps), (long + "{{ a.replace('a', 'bb') }}", steps),
        ("{% set a = ('a' * 1000) * 1000 %}{{ a.strip(('b' * 1000) * 1000 ~ 'a') | length }}", nil),
        ("{% set a = ('a' * 1000) * 1000 %}{{ a.find(('a' * 1000) * 500 ~ 'b') }}", nil),
        ("{% set a = ('a' * 1000) * 1000 %}{{ (('a' * 1000) * 500 ~ 'b') in a }}", nil),
        // Many long strings.
        ("{% set s = ('a' * 1000) * 16000 %}{{ [[s,s,s,s,s,s,s,s],[s,s,s,s,s,s,s,s]] | map('string') | join }}", steps),
        (
            "{% set s = ('a' * 1000) * 16000 %}{% set ns = namespace(x=[]) %}{% for i in range(500) %}{% set ns.x = ns.x + [s] %}{% endfor %}{{ ns.x | string | length }}",
            steps
        ),
        (
            "{% set ns = namespace(x=[]) %}{% for i in range(500) %}{% set ns.x = ns.x + ['a' * 1000000] %}{% endfor %}{{ ns.x | length }}",
            steps
        ),
        ("{% set ns = namespace(x='') %}\(loop){% set ns.x = ns.x ~ 'abcdefgh' %}{% endfor %}", steps),
        ("{% set ns = namespace(x=[]) %}\(loop){% set ns.x = ns.x + [i] %}{% endfor %}", steps),
        // Lists.
        ("{{ range(9223372036854775807) }}", "range gives more than 100000 numbers"),
        ("{{ range(-9223372036854775807, 9223372036854775807, 9223372036854775807) | list }}", nil),
        ("{{ range(0, -9223372036854775807, -9223372036854775807) | list }}", nil),
        ("{{ range(9223372036854775806, 9223372036854775807, 2) | list }}", nil),
        ("{{ [1, 2][9223372036854775807] }}", nil), ("{{ 'ab'[-9223372036854775807] }}", nil),
        ("{{ [1, 2, 3][::9223372036854775807] }}", nil), ("{{ [1, 2, 3][::-9223372036854775807] }}", nil),
        ("{{ [1, 2, 3][-9223372036854775807:9223372036854775807] }}", nil),
        (
            "{% for a in range(1000) %}{% for b in range(1000) %}{% for c in range(1000) %}{% endfor %}{% endfor %}{% endfor %}",
            steps
        ),
        ("{{ range(30000) | unique | length }}", steps),
        (
            "{{ ['a'] | map(\(String(repeating: "'map', ", count: 2000))'upper') | list }}",
            "rendering nests deeper than 160 levels"
        ),
        // Macros and source.
        ("{% macro m(a) %}{{ m(a) }}{% endmacro %}{{ m('a') }}", "rendering nests deeper than 160 levels"),
        (
            "{% macro m(n) %}{% for i in range(10) %}{{ m(n) }}{% endfor %}{% endmacro %}{{ m(1) }}",
            "rendering nests deeper than 160 levels"
        ),
        ("{{ 1\(String(repeating: " + 1", count: 50_000)) }}", "an expression nests deeper than 160 levels"),
        ("{{ a\(String(repeating: " or a", count: 40_000)) }}", "an expression nests deeper than 160 levels"),
        ("{{ a\(String(repeating: ".a", count: 100_000)) }}", "an expression nests deeper than 160 levels"),
        ("{{ a\(String(repeating: "|trim", count: 40_000)) }}", "an expression nests deeper than 160 levels"),
        ("{{ a\(String(repeating: "[0]", count: 60_000)) }}", "an expression nests deeper than 160 levels"),
        ("{{ a\(String(repeating: " is none", count: 20_000)) }}", "an expression nests deeper than 160 levels"),
        (
            "{{ \(String(repeating: "(a+", count: 60_000))1\(String(repeating: ")", count: 60_000)) }}",
            "nested deeper than 64 levels"
        ),
        ("{{ -9223372036854775807 - 2 }}", "the number is too large"),
        ("{{ -(-9223372036854775807 - 1) }}", "the number is too large"),
        ("{{ (-9223372036854775807 - 1) // -1 }}", "'//' cannot take -9223372036854775808 and -1"),
        ("{{ (-9223372036854775807 - 1) | abs }}", "the number is too large"), ("{{ ('9' * 5000) | int }}", nil),
        ("{{ 1e5 }}", nil), ("{{ 1e999 }}", nil),
        (
            "{% set ns = namespace(\((0..<20_000).map { "a\($0)=1" }.joined(separator: ","))) %}\(loop){% set ns.b = ns.a19999 %}{% endfor %}",
            steps
        ),
    ]

    @Test(arguments: directed.indices) func aDirectedTemplateEnds(index: Int) {
        let (source, reason) = Self.directed[index]
        let start = Self.computed
        do throws(TemplateError) {
            _ = try ChatTemplate(source).render(Self.variables)
            #expect(reason == nil, "\(source.prefix(100))")
        } catch {
            #expect(error.reason == reason, "\(source.prefix(100))")
        }
        #expect(Self.computed - start < 2, "\(source.prefix(100))")
    }

    /// Texts of short pieces cost what their bytes cost.
    @Test func repetitionIsPaidByTheByte() throws {
        let start = Self.computed
        let loop = "{% for i in range(5000) %}{% set x = 'a' * 1000000 %}{% endfor %}"
        #expect(throws: TemplateError.self) { try ChatTemplate(loop).render([:]) }
        #expect(Self.computed - start < 0.5)
        for (piece, times) in [("ab", 5000), ("é", 4097), ("abc", 4), ("x", 1), (String(repeating: "y", count: 5000), 3)] {
            let text = try ChatTemplate("{{ '>' ~ p * \(times) }}").render(["p": TemplateValue(text: piece)])
            #expect(text == ">" + String(repeating: piece, count: times))
        }
    }

    /// Seconds that this thread has computed.
    private static var computed: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    /// `DECANT_TEMPLATES` says how many are tried.
    private static let generated = ProcessInfo.processInfo.environment["DECANT_TEMPLATES"].flatMap { Int($0) } ?? 3000

    @Test func generatedTemplatesEnd() {
        var refused: [String: Int] = [:]
        var slowest = (seconds: 0.0, number: 0)
        for number in 0..<Self.generated {
            let start = Self.computed
            defer {
                let seconds = Self.computed - start
                if seconds > slowest.seconds { slowest = (seconds, number) }
            }
            var random = FuzzRandom(seed: UInt64(number))
            do throws(TemplateError) {
                _ = try ChatTemplate(TemplateGrammar.template(&random)).render(Self.variables)
            } catch {
                #expect(!error.reason.isEmpty && error.line > 0)
                refused[error.reason, default: 0] += 1
            }
        }
        #expect(refused.values.reduce(0, +) < Self.generated && refused[Self.steps] != nil)
        #expect(slowest.seconds < 2, "template \(slowest.number)")
    }

    @Test func aReasonThatATemplateMakesUpIsCut() {
        let error = #expect(throws: TemplateError.self) {
            try ChatTemplate("{{ raise_exception('a' * 100000) }}").render([:])
        }
        #expect(error?.reason == String(repeating: "a", count: 500) + "…")
    }
}
