import CanonicalJSON
import ChatTemplates
import Testing
import Words

@testable import Engine

/// Functions as their authors wrote them.
@Suite struct ToolDefinitionTests {
    static func definition(_ text: String) throws -> FunctionDefinition {
        try FunctionDefinition(tool: JSON(parsingAsWritten: text.utf8))
    }

    static let booking =
        #"{"type":"function","function":{"name":"book","strict":true,"parameters":{"properties":{"restaurant":{"type":"string"},"#
        + #""guests":{"minimum":1.0,"type":"integer","default":2},"date":{"type":"string"}},"type":"object","#
        + #""additionalProperties":false,"required":["restaurant"]}}}"#

    @Test func orderNumbersAndMembersStay() throws {
        let function = try Self.definition(Self.booking)
        #expect(function.tool.writtenText == Self.booking)
        #expect(function.name == "book" && function.summary == "" && function.required == ["restaurant"])
        // What is stored gives the same function, whatever stores it.
        let stored = try JSON(parsingAsWritten: function.json.canonicalBytes)
        #expect(try FunctionDefinition(json: stored) == function)
        #expect(try FunctionDefinition(json: stored).tool.writtenText == Self.booking)
        #expect(function.chatTool.writtenText == Self.booking)
        let sorted = try Self.definition(JSON(parsing: Self.booking).canonicalText)
        #expect(sorted != function && sorted.parameters.canonical == function.parameters.canonical)
    }

    @Test func aFunctionInTheUsualFormIsNothingMore() throws {
        let usual =
            #"{"name":"dim","description":"Dim.","parameters":{"type":"object","properties":{"level":{"type":"integer"}},"#
            + #""required":[]}}"#
        let function = try Self.definition(usual)
        #expect(function.written == nil)
        #expect(function.json["written"] == nil)
        #expect(function.tool.writtenText == #"{"type":"function","function":"# + usual + "}")
    }

    @Test(arguments: [
        #"{"name":"stop"}"#, #"{"name":"stop","description":null,"parameters":null}"#, #"{"name":"stop","parameters":{}}"#,
        #"{"type":"function","name":"stop","parameters":""}"#, #"{"type":"function","function":{"name":"stop"}}"#,
        #"{"name":"stop","input_schema":{"type":"object","properties":{}}}"#,
        #"{"name":"stop","parameters":"{\"type\":\"object\",\"properties\":{}}"}"#,
    ])
    func parametersMayBeMissing(text: String) throws {
        let function = try Self.definition(text)
        #expect(function.name == "stop" && function.parameters == ["type": "object", "properties": [:]])
        #expect(function.tool["function"]?["name"] == "stop" && function.tool["type"] == "function")
    }

    @Test(arguments: [
        (#"{"type":"web_search"}"#, "a tool has the type 'web_search'; only functions can be called"),
        (#"{"type":"function","function":{"parameters":{}}}"#, "a function has no 'name'"),
        (#"{"name":"f","parameters":[1]}"#, "the 'parameters' of the function 'f' are no JSON Schema, which is an object"),
        (
            ##"{"name":"f","parameters":{"properties":{"a":{"$ref":"#/$defs/A"}}}}"##,
            "the parameters of 'f' refer to '#/$defs/A', which they do not have; write the schema there"
        ),
    ])
    func whatIsNoFunctionIsRefused(text: String, message: String) {
        #expect(throws: RowError(message)) { try Self.definition(text) }
    }

    static let referring = try? definition(
        ##"{"name":"send","parameters":{"$defs":{"Kind":{"enum":["home","work"],"type":"string"},"Address":{"type":"object","##
            + ##""properties":{"city":{"type":"string"},"kind":{"$ref":"#/$defs/Kind"}},"required":["city"]}},"type":"object","##
            + ##""properties":{"to":{"$ref":"#/$defs/Address","description":"Whom."},"note":{"anyOf":[{"type":"string"},"##
            + ##"{"type":"null"}],"default":null},"both":{"allOf":[{"$ref":"#/$defs/Address"},{"properties":{"zip":{"type":"##
            + ##""integer"}},"required":["zip"]}]},"kinds":{"type":"array","items":{"$ref":"#/$defs/Kind"}},"##
            + ##""level":{"type":"integer","nullable":true},"fixed":{"const":0.10}},"required":["to"]}}"##)

    @Test func referencesAreUnfolded() throws {
        let function = try #require(Self.referring)
        let kind: JSON = ["enum": ["home", "work"], "type": "string"]
        let address: JSON = ["type": "object", "properties": ["city": ["type": "string"], "kind": kind], "required": ["city"]]
        #expect(function.schema(of: "to") == .object((address.object ?? [:]).merging(["description": "Whom."]) { $1 }))
        #expect(
            function.schema(of: "both") == [
                "type": "object", "properties": ["city": ["type": "string"], "kind": kind, "zip": ["type": "integer"]],
                "required": ["city", "zip"],
            ])
        #expect(function.schema(of: "kinds") == ["type": "array", "items": kind])
        #expect(function.schema(of: "level") == ["type": ["integer", "null"]])
        #expect(function.parameters["$defs"] == nil)
        // Models see what its authors wrote.
        #expect(function.tool.writtenText.contains("$defs") && function.tool.writtenText.contains("0.10"))
    }

    /// Constraints, the judge and the reward understand such functions.
    @Test func callsOfUnfoldedFunctionsAreJudgedAndConstrained() throws {
        let function = try #require(Self.referring)
        let functions = [function.name: function]
        let right =
            #"[{"name":"send","arguments":{"both":{"city":"Oslo","zip":1},"fixed":0.10,"kinds":["work"],"level":null,"#
            + #""note":null,"to":{"city":"Bergen","kind":"home"}}}]"#
        let row = Row(id: "r", query: "q", functions: ["send"], answers: try CallParser.calls(in: right).get())
        #expect(PromptStyle.response(to: row) == right)
        #expect(AnswerJudge.ast.verdict(on: right, for: row, functions: functions) == .accepted)
        #expect(
            AnswerJudge.exact.verdict(on: right.replacing("0.10", with: "0.1"), for: row, functions: functions) == .accepted)
        #expect(CallReward(format: .call, functions: functions).reward(for: right, to: row).isRight)
        #expect(accepts(right, [function]))
        for wrong in [("\"work\"", "\"play\""), ("null,\"note\"", "1.5,\"note\""), ("\"zip\":1", "\"zip\":\"1\"")] {
            #expect(!accepts(right.replacing(wrong.0, with: wrong.1), [function]), "\(wrong.1)")
        }
        #expect(PromptStyle.listing(of: [function]).contains("to:object"))
    }

    private func accepts(_ text: String, _ functions: [FunctionDefinition]) -> Bool {
        var states = ByteStates(.calls(of: functions))
        let end = text.utf8.reduce(ByteStates.start) { states.state(after: $1, from: $0) }
        return states.isAccepting(end)
    }

    @Test func aSchemaThatContainsItselfEnds() throws {
        let tree =
            ##"{"name":"grow","parameters":{"$defs":{"Node":{"type":"object","properties":{"left":{"$ref":"#/$defs/Node"},"##
            + ##""value":{"type":"integer"}}}},"type":"object","properties":{"root":{"$ref":"#/$defs/Node"},"##
            + ##""self":{"$ref":"#"}}}}"##
        let function = try Self.definition(tree)
        #expect(function.schema(of: "root")?["properties"]?["left"] == ["type": "object"])
        #expect(function.schema(of: "root")?["properties"]?["value"] == ["type": "integer"])
        #expect(accepts(#"[{"name":"grow","arguments":{"root":{"left":{},"value":1}}}]"#, [function]))
    }

    /// Each definition refers twice to the next.
    @Test func aSchemaThatDoublesIsRefused() {
        let names = 0..<40
        let definitions = names.map { index in
            let next = ##"{"$ref":"#/$defs/D\##(index + 1)"}"##
            return ##""D\##(index)":{"type":"object","properties":{"a":\##(next),"b":\##(next)}}"##
        }
        let text =
            ##"{"name":"f","parameters":{"$defs":{\##(definitions.joined(separator: ",")),"D40":{"type":"string"}},"##
            + ##""type":"object","properties":{"x":{"$ref":"#/$defs/D0"}}}}"##
        #expect(throws: RowError("the parameters of 'f' unfold to more than 10000 schemas; shorten their $refs")) {
            try Self.definition(text)
        }
    }
}
