/// Writes chat templates that ask for much: sizes, counts and depths that multiply.
package enum TemplateGrammar {
    /// A template of a few statements.
    package static func template(_ random: inout FuzzRandom) -> String {
        var text = "{% set ns = namespace(x=[], y='ab', n=1) %}{% set s = 'ab' %}"
        if random.below(3) == 0 { text += "{% macro m(a, b=2) %}\(statement(&random, 2)){% endmacro %}" }
        for _ in 0...random.below(5) { text += statement(&random, 0) }
        return text
    }

    private static func statement(_ random: inout FuzzRandom, _ depth: Int) -> String {
        let value = expression(&random, 0)
        guard depth < 4 else { return "{{ \(value) }}" }
        switch random.below(10) {
        case 0: return "{% for i in \(value) %}\(statement(&random, depth + 1)){% endfor %}"
        case 1:
            return
                "{% for i in range(\(count(&random))) %}\(statement(&random, depth + 1))\(statement(&random, depth + 1)){% endfor %}"
        case 2: return "{% for a, b in \(value).items() %}\(statement(&random, depth + 1)){% endfor %}"
        case 3: return "{% set ns.x = \(value) %}"
        case 4: return "{% set ns.x = [ns.x, ns.x] %}{% set ns.y = ns.y ~ \(value) %}"
        case 5: return "{% set s = \(value) %}"
        case 6: return "{% if \(value) %}\(statement(&random, depth + 1)){% else %}\(statement(&random, depth + 1)){% endif %}"
        case 7: return "{% set t %}\(statement(&random, depth + 1)){% endset %}"
        case 8: return "{{ m(\(value)) }}"
        default: return "{{ \(value) }}"
        }
    }

    private static func expression(_ random: inout FuzzRandom, _ depth: Int) -> String {
        guard depth < 5, random.below(6) > 0 else { return atom(&random) }
        let (a, b) = (expression(&random, depth + 1), expression(&random, depth + 1))
        switch random.below(14) {
        case 0: return "(\(a)) * \(count(&random))"
        case 1: return "(\(a)) \(random.pick(["+", "~", "-", "%", "//", "/", "**"])) (\(b))"
        case 2: return "(\(a)) \(random.pick(["==", "!=", "<", ">=", "in", "not in"])) (\(b))"
        case 3: return "[\(a), \(b), \(a)]"
        case 4: return "{'a': \(a), 'b': \(b)}"
        case 5: return "(\(a))[\(count(&random)):\(count(&random)):\(count(&random))]"
        case 6: return "(\(a))[\(b)]"
        case 7: return "(\(a)) | \(filter(&random, b))"
        case 8:
            return
                "(\(a)) | map('\(random.pick(["string", "upper", "length", "tojson", "list", "map", "first"]))') | \(filter(&random, b))"
        case 9: return "(\(a)).\(method(&random, b))"
        case 10: return "(\(a)) if (\(b)) else (\(a))"
        case 11:
            return
                "(\(a)) is \(random.pick(["defined", "string", "none", "mapping", "odd", "iterable", "eq(1)", "in([1])", "divisibleby(3)"]))"
        case 12: return "range(\(count(&random)), \(count(&random)), \(count(&random)))"
        default: return random.pick(["not (\(a))", "-(\(a))", "(\(a)) and (\(b))", "(\(a)) or (\(b))"])
        }
    }

    private static func atom(_ random: inout FuzzRandom) -> String {
        random.pick([
            "messages", "ns.x", "ns.y", "ns", "s", "i", "loop", "loop.previtem", "messages[0]", "messages[0].content", "tools",
            "none",
            "true", "'a'", "'ab c\\n'", "1", "-1", "2.5", "9223372036854775807", "[]", "{}", "namespace(a=1)", "dict(a=1)", "m",
            "undefined_name",
            "'a' * 1000000", "range(1000)", "ns.x.items",
        ])
    }

    private static func count(_ random: inout FuzzRandom) -> String {
        random.pick([
            "0", "1", "-1", "2", "10", "100", "5000", "100000", "16777216", "16777217", "1000000000", "4611686018427387905",
            "288230376151711745",
            "9223372036854775807", "-9223372036854775807", "none", "i", "1.5",
        ])
    }

    private static func filter(_ random: inout FuzzRandom, _ argument: String) -> String {
        random.pick([
            "tojson", "tojson(indent=\(count(&random)))", "trim", "trim('\(random.pick(["a", "ab"]))')", "length", "join",
            "join(\(argument))", "upper", "lower",
            "title", "capitalize", "first", "last", "list", "string", "int", "float", "abs", "default(\(argument))",
            "replace('a', \(argument))",
            "replace('', 'b')", "reverse", "items", "dictsort", "selectattr('a')", "rejectattr('role', 'eq', 'user')",
            "select('string')", "reject",
            "indent", "indent(\(count(&random)), true)", "safe", "unique", "map(attribute='role')",
            "map('map', 'map', 'map', 'upper')",
        ])
    }

    private static func method(_ random: inout FuzzRandom, _ argument: String) -> String {
        random.pick([
            "strip()", "strip(\(argument))", "lstrip()", "rstrip('ab')", "split()", "split(\(argument))",
            "split('a', \(count(&random)))", "startswith(\(argument))",
            "endswith('b')", "upper()", "title()", "replace('a', 'bb')", "replace(\(argument), \(argument))",
            "join(\(argument))", "find('b')", "count('a')", "items()",
            "keys()", "values()", "get('role', \(argument))", "x", "strip", "items",
        ])
    }
}
