import CanonicalJSON
import Engine
import Foundation
import Kinds

/// A program of the recipe's own, which reads all distinct responses at once. It runs as commands of the kind `exec` do.
struct ProgramJudge: ResponseJudge {
    /// What the program reads, as `inputs/responses/responses.jsonl`, and what it writes, as `outputs/verdicts.jsonl`.
    private static let responses = File<[JSON]>("responses.jsonl")
    private static let verdicts = File<[ProgramVerdict]>("verdicts.jsonl")

    let context: StageContext
    let program: JudgingProgram
    let task: any AnswerTask
    let isOpinion = true

    func opinions(on responses: [JudgedResponse]) throws -> [Opinion] {
        guard !responses.isEmpty else { return [] }
        var places: [JudgedResponse.Key: Int] = [:]
        var lines: [JSON] = []
        for response in responses where places[response.key] == nil {
            places[response.key] = lines.count
            lines.append(try line(of: response))
        }
        let verdicts = try run(on: lines)
        guard verdicts.count == lines.count else {
            throw StageFailure(
                "the program that judges wrote \(verdicts.count) verdicts on \(lines.count) responses; outputs/"
                    + "\(Self.verdicts.name) wants one line for each, in their order")
        }
        return responses.compactMap { response in places[response.key].map { verdicts[$0].opinion } }
    }

    /// A response with all that is known of its row.
    private func line(of response: JudgedResponse) throws(RowError) -> JSON {
        var members: [String: JSON] = [
            "id": .string(response.row.id), "response": .string(response.response), "row": response.row.json,
            "reference": .string(task.response(to: response.row)),
            "choices": .string(try task.choices(for: response.row)),
        ]
        members["answer"] = response.answer.map(JSON.string)
        return .object(members)
    }

    private func run(on lines: [JSON]) throws -> [ProgramVerdict] {
        let files = FileManager.default
        let place = context.outputs.deletingLastPathComponent()
        let inputs = place.appending(path: "judging-inputs", directoryHint: .isDirectory)
        let outputs = place.appending(path: "judging-outputs", directoryHint: .isDirectory)
        func remove() { for folder in [inputs, outputs] { try? files.removeItem(at: folder) } }
        remove()
        defer { remove() }
        let responses = inputs.appending(path: "responses", directoryHint: .isDirectory)
        for folder in [responses, outputs] { try files.createDirectory(at: folder, withIntermediateDirectories: true) }
        try lines.write(to: responses.appending(path: Self.responses.name))
        // File by file, into folders that can be removed: those of an input may be read-only.
        for path in context.hasInput("script") ? try context.files(below: "script") : [] {
            let copy = inputs.appending(path: "script/\(path)")
            try files.createDirectory(at: copy.deletingLastPathComponent(), withIntermediateDirectories: true)
            try files.copyItem(at: context.input("script", path), to: copy)
        }
        var command = Exec.standard
        command.command = program.command
        command.outputs = [Self.verdicts.name]
        command.timeLimit = program.timeLimit
        try command.run(in: context.with(inputs: inputs, outputs: outputs))
        let name = Self.verdicts.name
        return try [ProgramVerdict](reading: outputs.appending(path: name), named: "outputs/\(name)")
    }
}

/// A line that a program writes: `{"accepted": true}`, perhaps with a `reason`, a `rationale` and a `grade`.
private struct ProgramVerdict {
    var isAccepted: Bool
    var reason: String?
    var rationale: String?
    var grade: Double?

    var opinion: Opinion {
        var record: [String: JSON] = ["by": "exec", "verdict": .string(isAccepted ? "yes" : "no")]
        record["reason"] = reason.map(JSON.string)
        record["rationale"] = rationale.map(JSON.string)
        record["grade"] = grade.map(JSON.number)
        return Opinion(
            verdict: isAccepted ? .accepted : .rejected(reason ?? "the program that judges says no"), record: record)
    }
}

extension ProgramVerdict: LineContent {
    static let noun = "verdict"

    init(line: JSON) throws(RowError) {
        guard let isAccepted = line["accepted"]?.bool else {
            throw RowError("there is no 'accepted', which is true or false")
        }
        self.init(
            isAccepted: isAccepted, reason: line["reason"]?.string, rationale: line["rationale"]?.string,
            grade: line["grade"]?.double)
    }

    var line: JSON { opinion.record.map { .object($0) } ?? .null }
}
