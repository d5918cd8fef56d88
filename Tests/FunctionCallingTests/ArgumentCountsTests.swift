import CanonicalJSON
import Testing
import Words

@testable import Engine

@Suite struct ArgumentCountsTests {
    static let functions = ["set_light", "set_heat"].reduce(into: [String: FunctionDefinition]()) { functions, name in
        functions[name] = FunctionDefinition(
            name: name, summary: "",
            parameters: [
                "type": "object", "required": [],
                "properties": ["room": ["type": "string"], "level": ["type": "integer"]],
            ])
    }

    private static func call(_ name: String, _ arguments: [String: JSON]) -> FunctionCall {
        FunctionCall(name: name, arguments: arguments)
    }

    private static func scores(
        _ wanted: [FunctionCall], _ answer: String?, possible: [PossibleCall]? = nil
    ) -> [String: JSON] {
        var counts = ArgumentCounts()
        let row = Row(id: "r", query: "q", answers: wanted, possible: possible)
        counts.add(row, answer: answer, functions: functions)
        return counts.members
    }

    @Test func argumentsAreCountedOneByOne() {
        let wanted = [Self.call("set_light", ["room": "hall", "level": 40])]
        // Texts are compared as `ast` compares them: the room is right, the level is not.
        let answer = #"[{"name":"set_light","arguments":{"level":50,"room":"Hall"}}]"#
        let scores = Self.scores(wanted, answer)
        #expect(scores["argument_precision"] == 0.5 && scores["argument_recall"] == 0.5 && scores["argument_f1"] == 0.5)
        let short = Self.scores(wanted, #"[{"name":"set_light","arguments":{"room":"hall"}}]"#)
        #expect(short["argument_precision"] == 1 && short["argument_recall"] == 0.5)
    }

    @Test func theWrongFunctionHasNoRightArgument() {
        let wanted = [Self.call("set_light", ["room": "hall"])]
        let scores = Self.scores(wanted, #"[{"name":"set_heat","arguments":{"room":"hall"}}]"#)
        #expect(scores["argument_precision"] == 0 && scores["argument_recall"] == 0 && scores["argument_f1"] == 0)
        let unreadable = Self.scores(wanted, "no list")
        #expect(unreadable["argument_precision"] == .null && unreadable["argument_recall"] == 0)
    }

    /// Two calls of one function, in the other order.
    @Test func eachWantedCallTakesTheOneThatFitsBest() {
        let wanted = [
            Self.call("set_light", ["room": "hall", "level": 1]), Self.call("set_light", ["room": "kitchen", "level": 2]),
        ]
        #expect(Self.scores(wanted, PromptStyle.response(of: wanted.reversed()))["argument_f1"] == 1)
    }

    @Test func whatMayBeLeftOutIsWantedWhereItIsGiven() {
        let wanted = [Self.call("set_light", ["room": "hall"])]
        let allowed: [String: [JSON]] = ["room": ["hall", "den"], "level": [40, PossibleCall.leftOut]]
        let possible = [PossibleCall(name: "set_light", arguments: allowed)]
        let short = Self.scores(wanted, #"[{"name":"set_light","arguments":{"room":"den"}}]"#, possible: possible)
        #expect(short["argument_recall"] == 1 && short["argument_precision"] == 1)
        let long = Self.scores(wanted, #"[{"name":"set_light","arguments":{"level":41,"room":"den"}}]"#, possible: possible)
        #expect(long["argument_recall"] == 0.5 && long["argument_precision"] == 0.5)
    }

    @Test func rowsWithoutArgumentsHaveNoScore() {
        #expect(Self.scores([], "[]")["argument_f1"] == .null)
    }
}
