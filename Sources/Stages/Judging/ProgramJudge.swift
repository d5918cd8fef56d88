import CanonicalJSON
import Engine
import Kinds

/// A program of the recipe's own, which reads all distinct responses at once. It runs as commands of the kind `exec` do.
struct ProgramJudge: ResponseJudge {
    /// What the program writes below `outputs/`; it reads `inputs/responses/responses.jsonl`.
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
        let verdicts = try AnswerProgram(context: context, command: program.command, timeLimit: program.timeLimit).run(
            on: lines, named: "responses", writing: Self.verdicts)
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
            "reference": response.row.isUnlabelled ? .null : .string(task.response(to: response.row)),
            "choices": .string(try task.choices(for: response.row)),
        ]
        members["answer"] = response.answer.map(JSON.string)
        return .object(members)
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
