import CanonicalJSON
import Foundation
import TestSupport
import Testing

/// `recipes/prototype.yaml` with servers of this machine: unlabelled questions, a prototype, a judge, and a student of short
/// prompts.
@Suite(.serialized) struct PrototypeRecipeTests {
    let server: ModelServer

    init() throws { server = try ModelServer() }

    /// The recipe beside its files, with this server for both models.
    static func program(_ server: ModelServer, transfer: String = "RFT(steps: 20, batch: 8)") throws -> DecantProgram {
        let program = try DecantProgram(recipe: String(contentsOf: Checkout.file("recipes/prototype.yaml"), encoding: .utf8))
        for folder in ["smart-home", "prototype"] {
            try FileManager.default.copyItem(
                at: Checkout.file("recipes/\(folder)"), to: program.folder.appending(path: folder))
        }
        let recipe = try String(contentsOf: program.folder.appending(path: "tiny.yaml"), encoding: .utf8)
        try program.write(
            recipe.replacing("http://localhost:8000/v1", with: "http://127.0.0.1:\(server.port)/v1")
                .replacing("RFT(steps: 60, batch: 12)", with: transfer)
                .replacing("hidden: 64", with: "hidden: 32")
                // The server's judge says what its hash says.
                .replacing("agreement: 90%", with: "agreement: 30%"),
            to: "tiny.yaml")
        return program
    }

    /// The same, with the student compared with the prototype.
    static func compared(_ server: ModelServer) throws -> DecantProgram {
        let program = try program(server)
        try program.edit("tiny.yaml", "prompt_tokens, price]}", "prompt_tokens, price], compare: teacher}")
        return program
    }

    private func json(_ file: String, of stage: String, in program: DecantProgram) throws -> JSON {
        let folder = "export-\(UUID().uuidString)"
        let events = try program.run("build", "tiny.yaml", stage, "--json").events
        let finished = try #require(events.first { $0["event"] == "stage-finished" && $0["stage"]?.string == stage })
        try program.run("export", #require(finished["commit"]?.string), folder)
        return try JSON(parsing: String(contentsOf: program.folder.appending(path: "\(folder)/\(file)"), encoding: .utf8))
    }

    @Test func thePathRunsAndNothingIsAskedTwice() throws {
        try server.set(["reasoning": "the words say which"])
        let program = try Self.program(server)
        let done = try program.build()
        #expect(done["failed"] == [])
        let asked = server.requests().count
        #expect(Set(server.requests().compactMap { $0["identity"]?.string }).count == asked)

        // The prototype is a row, with tokens and price; nothing is identical to what nobody has said.
        let report = try json("report.json", of: "report", in: program)
        let rows = report["rows"]?.array ?? []
        #expect(rows.compactMap { $0["name"]?.string } == ["teacher", "student.rft"])
        #expect(rows[0]["prompt_tokens"] == 100 && rows[0]["parameters"] == .null)
        #expect(abs((rows[0]["price"]?.double ?? 0) - (100 * 0.4 + 20 * 1.2) / 1e6) < 1e-12)
        #expect(rows[1]["price"] == nil && rows[1]["parameters"]?.integer ?? 0 > 0)
        for row in rows {
            #expect(row["sets"]?["later"]?["exact"] == .null && row["sets"]?["later"]?["ar"]?.double != nil)
            #expect(row["sets"]?["test"]?["exact"]?.double != nil && row["sets"]?["test"]?["agreement"] != nil)
        }
        // The judge was held against people's labels before it was believed.
        let validation = try json("validation.json", of: "judge.validated", in: program)
        #expect(validation["labels"] == 16 && validation["not_understood"] == 0)
        #expect(validation["agreement"]?.double ?? 0 >= 0.3)
        // What the judge accepted is what is right now; the rest says nothing still.
        let counts = try json("references.json", of: "data.references", in: program)["sets"]?["train"]
        #expect(counts?["labelled"] == 0 && counts?["judged"]?.integer ?? 0 > 50)
        #expect((counts?["judged"]?.integer ?? 0) + (counts?["unlabelled"]?.integer ?? 0) == 72)
        // Instructions and examples are what the student does without.
        let sizes = try json("compression.json", of: "data.compressed", in: program)["train"]
        #expect(sizes?["instructions"]?["before"]?["characters"]?.integer ?? 0 > 72 * 100)
        #expect(sizes?["instructions"]?["after"]?["characters"] == 0 && sizes?["examples"]?["after"]?["characters"] == 0)

        server.stop()
        #expect(try program.build()["ran"] == [])
        let verified = try program.run("verify", "teacher.answers", "--stage", "endpoint.generate")
        #expect(verified.output.contains(" 0 differ"))
    }

    /// The student learns the prototype's reasoning where it says `RFT*`: the same questions, none of them asked again.
    @Test func theReasoningIsLearnedWithoutAskingAgain() throws {
        try server.set(["reasoning": "the words say which"])
        let program = try Self.program(server)
        try program.run("build", "tiny.yaml", "teacher.samples")
        let asked = server.requests().count
        try program.edit("tiny.yaml", "RFT(steps: 20, batch: 8)", "RFT*(steps: 3, batch: 4)")
        try program.run("build", "tiny.yaml", "teacher.samples.reasoning")
        #expect(server.requests().count == asked)
        try program.run("build", "tiny.yaml", "student.rft")
    }

    @Test func theStagesKeepTheirDigests() throws {
        let program = try Self.compared(server)
        let stages = [
            "data", "data.references", "judge.gate", "judge.validated", "student.rft.compared", "teacher.answers",
            "teacher.cost",
        ]
        let artifacts = try program.artifacts(of: stages)
        let lines = stages.map { "\($0) \(artifacts[$0] ?? "none")" }
        try golden.expect(lines.joined(separator: "\n") + "\n", equals: "prototype-digests.txt")
    }
}
