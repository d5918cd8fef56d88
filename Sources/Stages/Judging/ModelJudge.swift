import CanonicalJSON
import Engine
import Kinds
import Words

/// A model that is asked about each distinct response. A reply without a verdict rejects.
struct ModelJudge: ResponseJudge {
    let model: any JudgingModel
    let question: ModelQuestion
    let task: any AnswerTask
    let isOpinion = true

    func opinions(on responses: [JudgedResponse]) throws -> [Opinion] {
        let asking = JudgingQuestion(question, of: task.kind)
        var places: [JudgedResponse.Key: Int] = [:]
        var questions: [String] = []
        for response in responses where places[response.key] == nil {
            places[response.key] = questions.count
            questions.append(try asking.text(about: response.response, to: response.row, task))
        }
        let replies = try model.replies(to: questions, ReplyOptions(question))
        let opinions = zip(questions, replies).map { Self.opinion(on: $0, $1.map { ReadVote($0, question) }) }
        return responses.compactMap { response in places[response.key].map { opinions[$0] } }
    }

    /// More than half of the votes must accept.
    private static func opinion(on question: String, _ votes: [ReadVote]) -> Opinion {
        let isUnderstood = 2 * votes.count { $0.isAccepted != nil } > votes.count
        let isAccepted = 2 * votes.count { $0.isAccepted == true } > votes.count
        let verdict: Verdict =
            isAccepted
            ? .accepted : .rejected(isUnderstood ? "the judging model says no" : "verdict not understood")
        var record: [String: JSON] =
            votes.count == 1 ? votes[0].members : ["votes": .array(votes.map { JSON.object($0.members) })]
        record["question"] = .string(question)
        record["verdict"] = isUnderstood ? .string(isAccepted ? "yes" : "no") : .null
        let grades = votes.compactMap(\.grade)
        if !grades.isEmpty { record["grade"] = .number(grades.reduce(0, +) / Double(grades.count)) }
        return Opinion(verdict: verdict, isUnderstood: isUnderstood, record: record)
    }
}

/// One reply of a judging model, read.
private struct ReadVote {
    let reply: JudgingReply
    let rationale: String?
    /// `nil` where the reply has no verdict.
    var isAccepted: Bool?
    /// Between 1 and the rubric's best one.
    var grade: Double?

    init(_ reply: JudgingReply, _ question: ModelQuestion) {
        let read = question.verdict.read(reply)
        (self.reply, rationale) = (reply, read.rationale)
        if let rubric = question.rubric {
            // `4/5` is a 4.
            grade = read.word?.split(separator: "/").first.flatMap { Double($0) }.flatMap {
                (1...Double(rubric.grades)).contains($0) ? $0 : nil
            }
            isAccepted = grade.map { $0 >= Double(rubric.threshold) }
        } else {
            isAccepted = read.word.flatMap(ModelVerdict.init(rawValue:)).map { $0 == .yes }
        }
    }

    var members: [String: JSON] {
        var members: [String: JSON] = [
            "reply": .string(reply.text), "verdict": isAccepted.map { .string($0 ? "yes" : "no") } ?? .null,
        ]
        members["rationale"] = rationale.map(JSON.string)
        members["grade"] = grade.map(JSON.number)
        return members
    }
}
