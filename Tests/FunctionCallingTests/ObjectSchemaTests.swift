import CanonicalJSON
import Testing

@testable import Engine

@Suite struct ObjectSchemaTests {
    static func schema(_ properties: JSON, _ further: [String: JSON] = [:]) throws -> ObjectSchema {
        try ObjectSchema(json: .object(further.merging(["type": "object", "properties": properties]) { $1 }))
    }

    static let objects: [(object: JSON, fault: String?)] = [
        (["a": "x"], nil), (["b": 1], "'b' is no field of the schema"), (["a": 1], "'a' is 1, which is no string"),
        (["n": 1.5], "'n' is 1.5, which is no integer or null"), (["n": 2.0], nil), (["n": nil], nil),
        (["e": "z"], "'e' is \"z\", which is none of its values"), (["l": ["x", 2]], "'l[1]' is 2, which is no string"),
        (["o": [:]], "'o' has no 'k'"), (["o": ["k": "x", "m": 1]], "'o.m' is no field of the schema"),
        (["u": 3], nil), (["u": [:]], "'u' fits no alternative"), (["c": 2], "'c' is 2 and must be 1"), ([:], nil),
    ]

    @Test(arguments: objects.indices)
    func whatDoesNotFitIsNamed(index: Int) throws {
        let (object, fault) = Self.objects[index]
        let schema = try Self.schema([
            "a": ["type": "string"], "n": ["type": ["integer", "null"]], "e": ["enum": ["x", "y"]],
            "l": ["type": "array", "items": ["type": "string"]],
            "o": ["type": "object", "properties": ["k": ["type": "string"]], "required": ["k"]],
            "u": ["anyOf": [["type": "string"], ["type": "integer"]]], "c": ["const": 1],
        ])
        #expect(schema.fault(in: object) == fault)
    }

    /// Members are written in the author's order, in what lies deeper too.
    @Test func theOrderIsTheAuthors() throws {
        let inner: JSON = [
            "type": "object", "x-property-order": ["z", "y"],
            "properties": ["y": ["type": "integer"], "z": ["type": "integer"]],
        ]
        let schema = try Self.schema(
            ["b": ["type": "string"], "a": ["anyOf": [["type": "string"], inner]]], ["x-property-order": ["b", "a"]])
        #expect(schema.text(of: ["a": ["y": 1, "z": 2], "b": "é"]) == #"{"b":"é","a":{"z":2,"y":1}}"#)
        #expect(schema.text(of: ["a": "x"]) == #"{"a":"x"}"#)
        #expect(try Self.schema(["b": [:], "a": [:]]).text(of: ["a": 1, "b": 2]) == #"{"a":1,"b":2}"#)
    }

    /// Every object of the schema, as it is taught, is among the answers that the grammar allows.
    @Test func theGrammarHasWhatIsTaught() throws {
        let schema = try Self.schema(
            ["t": ["type": "string"], "n": ["type": "integer"], "l": ["type": "array", "items": ["type": "string"]]],
            ["x-property-order": ["t", "n", "l"]])
        for object in [[:], ["n": 3, "t": "ü \"x\""], ["l": ["a", "b"], "n": -1], ["t": "x"]] as [JSON] {
            #expect(Self.accepts(.object(of: schema), schema.text(of: object)))
        }
        #expect(!Self.accepts(.object(of: schema), #"{"n":1,"t":"x"}"#))
        #expect(!Self.accepts(.object(of: schema), #"{"m":1}"#))
    }

    private static func accepts(_ pattern: BytePattern, _ text: String) -> Bool {
        var states = ByteStates(pattern)
        let end = text.utf8.reduce(ByteStates.start) { state, byte in
            state == ByteStates.dead ? state : states.state(after: byte, from: state)
        }
        return end != ByteStates.dead && states.isAccepting(end)
    }

    @Test func aSchemaIsFoundInObjects() throws {
        var inference = SchemaInference()
        #expect(throws: RowError.self) { try inference.schema() }
        inference.add(["a": 1, "l": ["x"]])
        inference.add(["a": 1.5, "o": ["k": true]])
        inference.add(["l": [], "m": "x"])
        inference.add(["m": 2])
        #expect(
            try inference.schema().json == [
                "type": "object",
                "properties": [
                    "a": ["type": "number"], "l": ["type": "array", "items": ["type": "string"]],
                    "m": ["anyOf": [["type": "integer"], ["type": "string"]]],
                    "o": ["type": "object", "properties": ["k": ["type": "boolean"]]],
                ],
            ])
    }

    @Test(arguments: [[:] as JSON, ["type": "object", "properties": [:]], ["type": "array", "properties": ["a": [:]]]])
    func whatIsNoObjectIsRefused(schema: JSON) { #expect(throws: RowError.self) { try ObjectSchema(json: schema) } }
}
