import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// A person's path from labelled questions to a model that answers with labels.
@Suite struct TaskBuildTests {
    private static let recipe = """
        decant: 1
        name: desk
        sources: {rows: {path: rows.jsonl}}
        task: classify
        data: {ingest: {train: rows}, split: {test: 20%}}
        tokenizer: {vocabulary: 320}
        student: {init: {hidden: 32, layers: 2, heads: 2, kv_heads: 1, intermediate: 48}}
        transfer: "SFT(steps: 120, batch: 16, token_dropout: 10%)"
        evaluate: {constrained: true}

        """

    private static var rows: String {
        let subjects = ["card", "money", "account", "phone", "key", "bag"]
        let places = ["at home", "in town", "on a train", "again", "today", "since monday"]
        let queries = subjects.flatMap { subject in
            places.flatMap { place in ["lost", "found"].map { (label: $0, query: "i \($0) the \(subject) \(place)") } }
        }
        return queries.enumerated().map { index, row in
            JSON.object(["id": .string("r\(index)"), "query": .string(row.query), "label": .string(row.label + "_item")])
                .canonicalText
        }.joined(separator: "\n")
    }

    @Test func aClassifierIsBuiltAndAsked() throws {
        let program = try DecantProgram()
        try program.write(Self.recipe, to: "desk.yaml")
        try program.write(Self.rows, to: "rows.jsonl")
        try program.run("build", "desk.yaml")
        let report = try program.run("show", "desk:report").output
        #expect(report.contains("accuracy test") && report.contains("macro-F1 test"), "\(report)")
        let data = try program.run("show", "desk:data", "--json").output
        #expect(data.contains("task.json"))
        // The labels come from the data that the model learned from.
        let answer = try program.run("run", "desk:student.sft", "i lost the key at home", "--constrained").output
        #expect(["lost_item\n", "found_item\n"].contains(answer), "\(answer)")
        // So it is without being asked for; programs get the label by name.
        let json = try program.run("run", "desk:student.sft", "i lost the key at home", "--json").events.first
        #expect(json?["label"].map { [.string("lost_item"), .string("found_item")].contains($0) } == true)
        #expect(json?["valid"] == true && json?["calls"] == nil)
        // Answers that are cut off are no labels.
        let free = try program.run(
            "run", "desk:student.sft", "i lost the key at home", "--free", "--max-tokens", "1", status: 1)
        #expect(free.errors.contains("no valid answer: the answer is no label; it was cut off at 1 tokens"), "\(free.errors)")
        let unwanted = try program.run("run", "desk:student.sft", "hello", "--functions", "functions.yaml", status: 2).errors
        #expect(unwanted.contains("this model's task is 'classify', which calls no functions"), "\(unwanted)")
        let profile = try program.run("show", "desk:data", "--json").events.first?["data"]
        #expect(profile?["task"] == "classify" && profile?["labels"]?["lost_item"]?["train"]?.integer ?? 0 > 10)
        #expect(try program.run("show", "desk:student.sft.scores").output.contains("given instead"))
        // A label that the recipe does not name is refused with its row.
        try program.edit("desk.yaml", "task: classify", "task: {kind: classify, labels: [lost_item]}")
        let refused = try program.run("build", "desk.yaml", status: 2).errors
        #expect(refused.contains("the label 'found_item' of the row 'r1'"), "\(refused)")
        #expect(refused.contains("--> rows.jsonl:2:1"), "\(refused)")
    }

    @Test func whatDoesNotFitTheTaskIsFoundByCheck() throws {
        let program = try DecantProgram()
        try program.write(
            Self.recipe.replacing("evaluate: {constrained: true}", with: "evaluate: {metrics: [rouge_l]}"), to: "desk.yaml")
        try program.write(Self.rows, to: "rows.jsonl")
        let refused = try program.run("check", "desk.yaml", status: 2).errors
        #expect(refused.contains("the task 'classify' has no metric 'rouge_l'"), "\(refused)")
    }
}
