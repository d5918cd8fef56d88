import CanonicalJSON
import Engine
import Foundation
import Testing

@testable import Kinds
@testable import Stages

@Suite struct XLAMIngestTests {
    static func row(
        id: JSON = 7,
        tools: String = #"[{"name":"play","description":"Play.","parameters":{"song":{"type":"str","description":"Title."},"#
            + #""volume":{"type":"int, optional","default":5}}}]"#,
        answers: String = #"[{"name":"play","arguments":{"song":"x","volume":3.0}}]"#
    ) -> String {
        JSON.object(["id": id, "query": "play x", "tools": .string(tools), "answers": .string(answers)]).canonicalText
    }

    @Test(arguments: [row() + "\n" + row(id: "b"), "[\(row()), \n \(row(id: "b"))]"])
    func readsLinesAndLists(text: String) throws {
        let run = try StageRun(DataIngest(format: .xlam), texts: ["train.0/xlam.json": text])
        let rows = try run.lines("rows.jsonl")
        #expect(
            rows[0] == [
                "id": "xlam-7", "query": "play x", "functions": ["play"], "set": "train",
                "answers": [["name": "play", "arguments": ["song": "x", "volume": 3]]],
            ])
        #expect(rows[1]["id"] == "b")
        #expect(
            try run.json("functions.json") == [
                [
                    "name": "play", "description": "Play.",
                    "parameters": [
                        "type": "object", "required": ["song"],
                        "properties": [
                            "song": ["type": "string", "description": "Title."], "volume": ["type": "integer", "default": 5],
                        ],
                    ],
                ]
            ])
    }

    @Test(arguments: [
        ("str", #"{"type":"string"}"#, false), ("str, optional", #"{"type":"string"}"#, true),
        ("Optional[float]", #"{"type":"number"}"#, true), ("bool", #"{"type":"boolean"}"#, false),
        ("List[int]", #"{"items":{"type":"integer"},"type":"array"}"#, false), ("list", #"{"type":"array"}"#, false),
        ("List[List[float]], optional", #"{"items":{"items":{"type":"number"},"type":"array"},"type":"array"}"#, true),
        ("Tuple[float, float]", #"{"items":{"type":"number"},"type":"array"}"#, false),
        ("Tuple[int, str]", #"{"type":"array"}"#, false),
        ("Dict[str, int]", #"{"type":"object"}"#, false), ("Dict[str, Union[int, str]], optional", #"{"type":"object"}"#, true),
        ("Union[int, str]", "{}", false), ("Callable[[float], float]", "{}", false), ("", "{}", false), ("int]", "{}", false),
    ])
    func readsPythonsTypes(text: String, schema: String, isOptional: Bool) throws {
        let type = try #require(PythonType(text))
        #expect(JSON.object(type.schema).canonicalText == schema)
        #expect(type.isOptional == isOptional)
    }

    @Test(arguments: [33, 200, 20_000]) func aTypeThatNestsTooDeepIsRefused(levels: Int) {
        let type = String(repeating: "List[", count: levels - 1) + "int" + String(repeating: "]", count: levels - 1)
        let tools = JSON.array([["name": "play", "parameters": ["song": ["type": .string(type)]]]]).canonicalText
        let failure = StageRun.failure(
            DataIngest(format: .xlam), texts: ["train.0/xlam.json": Self.row(tools: tools, answers: "[]")])
        #expect(failure.contains("the type of the parameter 'song' of 'play' nests deeper than 32 levels"), "\(failure)")
    }

    @Test func schemasStayAndToolsOfOneNameStayTheirRows() throws {
        let schema = #"[{"name":"play","parameters":{"type":"object","properties":{"type":{"type":"string"}},"required":[]}}]"#
        let text = Self.row() + "\n" + Self.row(id: "b", tools: schema, answers: "[]")
        let run = try StageRun(DataIngest(format: .xlam), texts: ["train.0/xlam.json": text])
        let row = try Row(json: #require(try run.lines("rows.jsonl").last))
        #expect(row.definitions?.first?.schema(of: "type") == ["type": "string"])
        #expect(row.answers.isEmpty)
    }

    /// What stands in a file, and what the failure says.
    static let damages: [(String, String)] = [
        (
            row(tools: "[}"),
            "x.json, line 2: 'tools' is not JSON: no JSON value starts with this character (column 2 of the string)"
        ),
        (row(tools: "{}"), "'tools' is no list"), (row(answers: "1"), "'answers' is no list"),
        (row(answers: #"[{"name":"play"}]"#), "the call of 'play' has no 'arguments' object"),
        (row(answers: #"[{"name":"sing","arguments":{}}]"#), "the answer calls 'sing', which the row's tools do not have"),
        (
            row(tools: #"[{"name":"play","parameters":{"song":"str"}}]"#),
            "the parameter 'song' of 'play' is no object with a 'type'"
        ),
        (#"{"id":1,"tools":[],"answers":[]}"#, "the row has no 'query'"),
        (#"{"query":"x","answers":[]}"#, "the row has no 'tools'"),
        (row() + "\n" + row(answers: "[]"), "line 3: the id 'xlam-7' was used before, in x.json, line 2"),
        ("[\(row()), {}]", "x.json, row 2: the row has no 'query'; fix the row or remove it"),
        ("[\(row()),\n,]", "x.json, line 3: not JSON"), ("[]", "the files hold no row"),
    ]

    @Test(arguments: damages)
    func aDamagedRowIsNamed(text: String, message: String) {
        let failure = StageRun.failure(DataIngest(format: .xlam), texts: ["train.0/x.json": "\n" + text])
        #expect(failure.contains(message), "\(failure)")
    }
}
