import CanonicalJSON
import Testing
import Words

@testable import Engine

/// The rules of BFCL's AST checker, each with what it takes and what it does not. Expected verdicts are the checker's own.
@Suite struct ASTRuleTests {
    /// A function with an argument of each of the leaderboard's types, none of them required.
    static let function = FunctionDefinition(
        name: "math.f", summary: "",
        parameters: [
            "type": "dict", "required": [],
            "properties": [
                "text": ["type": "string"], "whole": ["type": "integer"], "number": ["type": "float"],
                "flag": ["type": "boolean"], "any": ["type": "any"], "texts": ["type": "array", "items": ["type": "string"]],
                "wholes": ["type": "array", "items": ["type": "integer"]],
                "numbers": ["type": "array", "items": ["type": "float"]],
                "pair": ["type": "tuple", "items": ["type": "float"]],
                "object": ["type": "dict"], "objects": ["type": "array", "items": ["type": "dict"]],
                "lists": ["type": "array", "items": ["type": "array", "items": ["type": "integer"]]],
            ],
        ])

    struct Case: Sendable, CustomStringConvertible {
        var argument: String
        /// Allowed values as possible answers write them.
        var allowed: String
        /// Values as responses write them.
        var right: [String] = []
        var wrong: [String] = []

        var description: String { "\(argument) of \(allowed)" }
    }

    static let cases: [Case] = [
        // Texts: case, spaces, some punctuation and the kind of quotes do not count; what looks alike does.
        Case(
            argument: "text", allowed: #"["New York, NY"]"#,
            right: [#""new york ny""#, #""NEW-YORK_N.Y.*^/""#],
            wrong: [#""New York; NY""#, #""New York""#, "3", "null", #"["New York, NY"]"#]),
        Case(argument: "text", allowed: #"["it's"]"#, right: [#""it\"s""#, #""It's""#], wrong: [#""its""#]),
        Case(argument: "text", allowed: #"["café"]"#, right: [#""Café""#], wrong: [#""cafe\u0301""#, #""cafe""#]),
        // Where an argument may be left out, an empty text is allowed too.
        Case(argument: "text", allowed: #"["a", ""]"#, right: [#""a""#, #""""#, #"" .""#], wrong: [#""b""#]),
        // Numbers: an integer is a fine float, a float is no integer, a boolean neither.
        Case(argument: "whole", allowed: "[5]", right: ["5"], wrong: ["5.0", "5e0", "true", #""5""#, "6"]),
        Case(argument: "whole", allowed: "[1]", right: ["1"], wrong: ["true", "1.0"]),
        Case(argument: "number", allowed: "[5]", right: ["5", "5.0", "0.5e1"], wrong: ["5.1", #""5""#, "[5]"]),
        Case(argument: "number", allowed: "[0.5]", right: ["0.5", "5e-1"], wrong: ["1", "true"]),
        Case(argument: "flag", allowed: "[true]", right: ["true"], wrong: ["1", #""true""#, "false"]),
        // Allowed values of another type than the schema's are names of variables: such a value must equal one exactly.
        Case(argument: "whole", allowed: #"["user_id"]"#, right: [#""user_id""#], wrong: [#""userid""#, #""USER_ID""#, "5"]),
        Case(argument: "whole", allowed: "[5.0]", right: ["5", "5.0"], wrong: ["true", "6"]),
        Case(argument: "texts", allowed: #"["data['x']"]"#, right: [#""data['x']""#], wrong: [#""data[\"x\"]""#, #"["a"]"#]),
        Case(argument: "object", allowed: #"["config"]"#, right: [#""config""#], wrong: [#""Config""#, "{}"]),
        Case(argument: "text", allowed: #"["", null]"#, right: ["null"], wrong: [#""a""#]),
        Case(argument: "any", allowed: "[3]", right: ["3"], wrong: [#""3""#, "4"]),
        Case(argument: "any", allowed: #"["A-b"]"#, right: [#""ab""#], wrong: ["1"]),
        // Lists: in their order, texts in them as loosely as texts, elements of the schema's type or the allowed list's.
        Case(
            argument: "texts", allowed: #"[["A b", "c"]]"#, right: [#"["ab", "C"]"#],
            wrong: [#"["c", "A b"]"#, #"["A b"]"#, #"["A b", "c", "c"]"#, #"[["A b", "c"]]"#, #""A b""#, "[1]"]),
        Case(argument: "texts", allowed: #"[["a"], ["b"]]"#, right: [#"["a"]"#, #"["b"]"#], wrong: [#"["a", "b"]"#, "[]"]),
        Case(argument: "texts", allowed: #"[["a"], ""]"#, right: [#"["a"]"#, "[]"], wrong: [#""""#, #"["b"]"#]),
        Case(
            argument: "wholes", allowed: "[[1, 2]]", right: ["[1, 2]"],
            wrong: ["[1.0, 2]", "[true, 2]", "[2, 1]", #"["1", "2"]"#]),
        Case(argument: "numbers", allowed: "[[1.0, 2.5]]", right: ["[1.0, 2.5]"], wrong: ["[1, 2.5]", "[1.0, 2]"]),
        Case(argument: "numbers", allowed: "[[1, 2.5]]", right: ["[1, 2.5]", "[1.0, 2.5]"], wrong: [#"["1", 2.5]"#, "[1]"]),
        Case(argument: "pair", allowed: "[[1.5, 2.5]]", right: ["[1.5, 2.5]"], wrong: ["[2.5, 1.5]", "1.5", #"{"0": 1.5}"#]),
        Case(
            argument: "lists", allowed: "[[[1, 2], [3]]]", right: ["[[1, 2], [3]]", "[[1.0, 2], [3]]"],
            wrong: ["[[1, 2]]", "[1]"]),
        // Objects: known keys only, one of each key's values, and what may be left out may be.
        Case(
            argument: "object", allowed: #"[{"city": ["Rome", "Roma"], "size": [2, ""]}]"#,
            right: [
                #"{"city": "roma", "size": 2}"#, #"{"city": "ROME"}"#, #"{"city": "Rome", "size": 2.0}"#,
                #"{"city": "Rome", "size": ""}"#,
            ],
            wrong: [
                #"{"size": 2}"#, #"{"city": "Rome", "size": 3}"#, #"{"city": "Rome", "x": 1}"#, "{}", "[]",
                #"{"city": ["Rome"]}"#,
            ]),
        Case(
            argument: "object", allowed: #"[{"a": [{"b": "X y"}]}]"#, right: [#"{"a": {"b": "X y"}}"#],
            wrong: [#"{"a": {"b": "xy"}}"#]),
        Case(argument: "object", allowed: #"[{"a": [1]}]"#, right: [#"{"a": true}"#, #"{"a": 1.0}"#], wrong: [#"{"a": "1"}"#]),
        Case(argument: "object", allowed: #"["", {"a": [1]}]"#, right: [#"{"a": 1}"#], wrong: ["{}", #""""#]),
        // Lists of objects: in their order.
        Case(
            argument: "objects", allowed: #"[[{"a": [1]}, {"b": ["X", ""]}]]"#,
            right: [#"[{"a": 1}, {"b": "x"}]"#, #"[{"a": 1}, {}]"#],
            wrong: [
                #"[{}, {"b": "x"}]"#, #"[{"b": "x"}, {"a": 1}]"#, #"[{"a": 1}]"#, #"[{"a": 1}, {"b": "y"}]"#, "[1, 2]", "[]",
            ]),
        Case(argument: "objects", allowed: #"["", [{"a": [1]}]]"#, right: ["[]", #"[{"a": 1}]"#], wrong: [#"[{"a": 2}]"#]),
    ]

    @Test(arguments: cases)
    func comparesValues(_ example: Case) throws {
        let allowed = try #require(try JSON(parsingAsWritten: example.allowed.utf8).array)
        let row = Self.row([PossibleCall(name: "math.f", arguments: [example.argument: allowed])])
        for value in example.right {
            let verdict = Self.verdict(#"[{"name":"math.f","arguments":{"\#(example.argument)":\#(value)}}]"#, row)
            #expect(verdict == .accepted, "\(value): \(verdict)")
        }
        for value in example.wrong {
            let verdict = Self.verdict(#"[{"name":"math.f","arguments":{"\#(example.argument)":\#(value)}}]"#, row)
            #expect(!verdict.isAccepted, "\(value)")
        }
        let leavesOut = Self.verdict(#"[{"name":"math.f","arguments":{}}]"#, row)
        #expect(leavesOut.isAccepted == allowed.contains(""), "left out: \(leavesOut)")
        // What a row teaches is right.
        let taught = Self.verdict(PromptStyle.response(to: row), row)
        #expect(taught.isAccepted, "\(taught)")
    }

    @Test func aCallMatchesTheFirstWantedOneThatItFits() {
        // The broad one takes what the narrow one needs: the leaderboard's checker looks no further, and neither do we.
        let broad = PossibleCall(name: "math.f", arguments: ["whole": [1, 2]])
        let narrow = PossibleCall(name: "math.f", arguments: ["whole": [1]])
        let one = #"{"name":"math.f","arguments":{"whole":1}}"#
        let two = #"{"name":"math.f","arguments":{"whole":2}}"#
        #expect(Self.verdict("[\(two),\(one)]", Self.row([broad, narrow])).isAccepted)
        #expect(!Self.verdict("[\(one),\(two)]", Self.row([broad, narrow])).isAccepted)
        #expect(Self.verdict("[\(one),\(two)]", Self.row([narrow, broad])).isAccepted)
    }

    @Test func whatTheSchemaRequiresMayNotBeLeftOut() {
        var function = Self.function
        function.parameters = ["properties": ["text": ["type": "string"]], "required": ["text"]]
        let row = Row(
            id: "r", query: "q", functions: ["math.f"], definitions: [function],
            answers: [FunctionCall(name: "math.f", arguments: [:])],
            possible: [PossibleCall(name: "math.f", arguments: ["text": [""]])])
        #expect(
            Self.verdict(#"[{"name":"math.f","arguments":{}}]"#, row)
                == .rejected("math.f: the required argument 'text' is missing"))
        #expect(Self.verdict(#"[{"name":"math.f","arguments":{"text":""}}]"#, row).isAccepted)
    }

    @Test func namesAreComparedLetterByLetter() {
        let row = Self.row([PossibleCall(name: "math.f", arguments: [:])])
        for name in ["math_f", "Math.f", "f", "math.f "] {
            #expect(!Self.verdict(#"[{"name":"\#(name)","arguments":{}}]"#, row).isAccepted, "\(name)")
        }
    }

    @Test(arguments: ["[]", "I cannot do that.", "", "{}", "[{}]", "[1]", #"[{"name":"f"}]"#, #"[{"name":"f","arguments":1}]"#])
    func whatIsNoListOfCallsCallsNothing(response: String) {
        let row = Row(id: "r", query: "q", answers: [])
        #expect(Self.verdict(response, row).isAccepted)
        #expect(AnswerJudge.exact.verdict(on: response, for: row, functions: [:]).isAccepted == (response == "[]"))
        #expect(
            Self.verdict(#"[{"name":"unknown","arguments":{}}]"#, row) == .rejected("no call is wanted, but unknown is called"))
    }

    /// Canonical rows write `2.0` as `2`: nobody's answer is wrong for that.
    @Test func rowsWithOneAnswerKnowNumbersByTheirSchema() {
        let values: [String: JSON] = [
            "numbers": [1.5, 2], "object": ["a": ["b": [1, 2]], "c": "D e"], "objects": [["a": 1]], "whole": 3,
        ]
        let row = Row(id: "r", query: "q", functions: ["math.f"], answers: [FunctionCall(name: "math.f", arguments: values)])
        #expect(Self.verdict(PromptStyle.response(to: row), row).isAccepted)
        let other = #""object":{"a":{"b":[1.0,2]},"c":"de"},"objects":[{"a":1}]"#
        #expect(Self.verdict(#"[{"name":"math.f","arguments":{"numbers":[1.5,2.0],\#(other),"whole":3}}]"#, row).isAccepted)
        #expect(!Self.verdict(#"[{"name":"math.f","arguments":{"numbers":[1.5,2.0],\#(other),"whole":3.0}}]"#, row).isAccepted)
    }

    @Test func aRowsOwnDefinitionGoesBeforeThePools() {
        var row = Row(
            id: "r", query: "q", functions: ["math.f"], answers: [FunctionCall(name: "math.f", arguments: ["new": 1])])
        #expect(!Self.verdict(PromptStyle.response(to: row), row).isAccepted)
        row.definitions = [
            FunctionDefinition(name: "math.f", summary: "", parameters: ["properties": ["new": ["type": "integer"]]])
        ]
        #expect(Self.verdict(PromptStyle.response(to: row), row).isAccepted)
    }

    @Test func theAnswerThatIsTaughtTakesFirstValuesAndLeavesOutWhatComesFirstAsLeftOut() {
        let function = FunctionDefinition(
            name: "f", summary: "",
            parameters: [
                "properties": [
                    "a": ["type": "string"], "b": ["type": "integer"], "c": ["type": "string"], "o": ["type": "dict"],
                ],
                "required": ["c"],
            ])
        let possible = PossibleCall(
            name: "f",
            arguments: ["a": ["", "x"], "b": [3, 4, ""], "c": ["", "y"], "o": [["k": ["v", "w"], "l": ["", 1]]]])
        #expect(
            possible.firstCall(of: function) == FunctionCall(name: "f", arguments: ["b": 3, "c": "y", "o": ["k": "v"]]))
    }

    private static func row(_ possible: [PossibleCall]) -> Row {
        Row(
            id: "r", query: "q", functions: ["math.f"], answers: possible.map { $0.firstCall(of: function) }, possible: possible
        )
    }

    private static func verdict(_ response: String, _ row: Row) -> Verdict {
        AnswerJudge.ast.verdict(on: response, for: row, functions: ["math.f": function])
    }
}
