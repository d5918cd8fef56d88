import CanonicalJSON
import Engine
import Foundation
import Testing
import Words

@testable import Kinds
@testable import Stages

/// Rows that want no call, made of rows that do.
@Suite struct DataNoCallTests {
    static let names = ["play", "stop", "set_heat", "set_light", "find_phone"]
    static let functions = JSON.array(
        names.map { ["name": .string($0), "description": "", "parameters": ["type": "object", "properties": [:]]] })

    private static func row(_ id: String, calls: String?, functions: [String]) -> String {
        let answers = calls.map { [FunctionCall(name: $0, arguments: [:])] } ?? []
        return Row(id: id, query: "query \(id)", functions: functions, answers: answers).json.canonicalText
    }

    static let data: [String: String] = [
        "data/functions.json": functions.canonicalText,
        "data/train.jsonl": (0..<8).map { row("t\($0)", calls: "play", functions: ["stop", "play", "set_heat"]) }
            .joined(separator: "\n"),
        "data/valid.jsonl": (0..<4).map { row("v\($0)", calls: "stop", functions: ["stop", "play"]) }.joined(separator: "\n"),
        "data/test.jsonl": row("x", calls: "stop", functions: ["stop", "play"]),
        "data/ood.jsonl": row("o", calls: "find_phone", functions: ["find_phone", "play"]),
    ]

    @Test func theShareOfASetsRowsAreCopiesWithoutTheRightFunction() throws {
        let run = try StageRun(DataNoCall(share: 0.2), texts: Self.data)
        let rows = try run.lines("train.jsonl")
        #expect(rows.count == 10 && rows.prefix(8).allSatisfy { $0["answers"]?.array?.count == 1 })
        for copy in rows.suffix(2) {
            let listed = (copy["functions"]?.array ?? []).compactMap(\.string)
            let original = try #require(rows.first { $0["query"] == copy["query"] })
            #expect(copy["answers"] == [] && copy["id"]?.string == (original["id"]?.string ?? "") + "/no-call")
            // As many functions as before, none of which only other sets call.
            #expect(listed.count == 3 && listed[0] == "stop" && listed[2] == "set_heat" && listed[1] == "set_light")
        }
        #expect(try run.lines("valid.jsonl").count == 5)
        // Nothing else changes.
        for file in ["test.jsonl", "ood.jsonl"] { #expect(try run.text(file) == (Self.data["data/\(file)"] ?? "") + "\n") }
        #expect(try run.json("functions.json").array?.count == Self.names.count)
        #expect(try run.json("no_call.json")["train"] == ["rows": 8, "copies": 2, "possible": 8])
        #expect(try StageRun(DataNoCall(share: 0.2), texts: Self.data).text("train.jsonl") == run.text("train.jsonl"))
    }

    @Test func otherSetsGetCopiesWhereTheyAreNamed() throws {
        let run = try StageRun(DataNoCall(share: 0.5, sets: [.test, .ood]), texts: Self.data)
        #expect(try run.lines("train.jsonl").count == 8)
        let test = try run.lines("test.jsonl")
        #expect(test.count == 2 && test[1]["answers"] == [])
        #expect(try run.lines("ood.jsonl").count == 2)
    }

    /// The group that lists nothing that is called and is most like it; what none suits keeps a list of its own.
    @Test func aCopyJoinsAnotherGroup() throws {
        let groups = [
            ("heat", "set_heat", ["play", "set_heat"]), ("light", "set_light", ["set_light", "stop"]),
            ("phone", "find_phone", ["find_phone", "stop"]),
        ]
        var data = Self.data
        data["data/train.jsonl"] = groups.flatMap { group in
            (0..<4).map { Self.row("\(group.0)\($0)", calls: group.1, functions: group.2) }
        }.joined(separator: "\n")
        let rows = try StageRun(DataNoCall(share: 0.5), texts: data).lines("train.jsonl")
        #expect(rows.count == 24)
        // Each of the three lists stands in one piece.
        let lists = rows.map { $0["functions"] }
        #expect(zip(lists, lists.dropFirst()).count { $0 != $1 } == 2)
        for row in rows where row["id"]?.string?.hasSuffix("/no-call") == true {
            let (id, listed) = (row["id"]?.string ?? "", (row["functions"]?.array ?? []).compactMap(\.string))
            #expect(row["answers"] == [])
            if id.hasPrefix("heat") { #expect(listed == ["set_light", "stop"], "\(id)") }
            if id.hasPrefix("light") { #expect(listed == ["play", "set_heat"], "\(id)") }
            if id.hasPrefix("phone") { #expect(!listed.contains("find_phone"), "\(id)") }
        }
    }

    /// A row that lists nothing else, wants nothing, or has begun to be answered says nothing without its function.
    @Test func someRowsCannotBeCopied() {
        let copies = RefusedRows(DataNoCall(share: 0.5), pool: Self.names.sorted())
        let call = FunctionCall(name: "play", arguments: [:])
        #expect(copies.copy(of: Row(id: "a", query: "q", functions: ["play"], answers: [call])) == nil)
        #expect(copies.copy(of: Row(id: "b", query: "q", functions: ["play", "stop"], answers: [])) == nil)
        #expect(copies.copy(of: Row(id: "c", query: "q", functions: ["stop"], answers: [call])) == nil)
        #expect(copies.copy(of: Row(passage: "text", id: "d")) == nil)
        var begun = Row(id: "e", query: "q", functions: ["play", "stop"], answers: [call])
        #expect(copies.copy(of: begun)?.functions.contains("play") == false)
        begun.background.steps = [ChatMessage(role: .assistant, content: "wait")]
        #expect(copies.copy(of: begun) == nil)
    }

    /// A pool that has nothing else leaves the list shorter.
    @Test func aListThatHasAllFunctionsLosesTheRightOne() {
        let copies = RefusedRows(DataNoCall(share: 0.5), pool: ["play", "stop"])
        let row = Row(
            id: "a", query: "q", functions: ["play", "stop"], answers: [FunctionCall(name: "play", arguments: [:])])
        #expect(copies.copy(of: row)?.functions == ["stop"])
    }

    @Test func otherTasksHaveNoCalls() {
        var data = Self.data
        data["data/task.json"] = #"{"kind":"text"}"#
        #expect(StageRun.failure(DataNoCall(), texts: data).contains("the task is 'text'"))
    }
}
