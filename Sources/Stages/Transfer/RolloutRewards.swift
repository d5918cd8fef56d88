import Engine
import Kinds
import Words

/// Rewards the answers of a step of reinforcement learning by the terms of the recipe.
struct RolloutRewards {
    let rule: RewardRule
    let rows: [Row]
    let reader: ResponseRows
    let style: AnswerStyle
    /// Its judges say which answers are accepted.
    let kind: RLTrain
    /// `nil` where none gives numbers.
    let command: RewardCommand?
    let context: StageContext

    init(_ kind: RLTrain, rows: [Row], reader: ResponseRows, in context: StageContext) throws(StageFailure) {
        rule = RewardRule(kind)
        (self.rows, self.reader, self.kind, style) = (rows, reader, kind, kind.answer)
        // A step's questions are no stage's work.
        let own = context.withoutCheckpoint().withoutReports()
        self.context = own
        command = kind.command.map { RewardCommand(command: $0, task: reader.task, context: own) }
        guard kind.question?.endpoint == nil else {
            throw StageFailure(
                "a judge behind an endpoint cannot be asked while a model is trained; judge by rules, or by a model at hand")
        }
        guard !kind.judges.value.contains(.exec) else {
            throw StageFailure("a program that judges has no place in a reward; one that gives numbers is the 'command'")
        }
    }

    /// The reward of each answer, in their order.
    func rewards(of answers: [PolicyTrainer.PromptedAnswer]) throws -> [Reward] {
        let responses = answers.map { asked in
            let said = reader.prompts.response(of: asked.answer)
            return JudgedResponse(row: rows[asked.prompt], response: said.text, format: style, fault: said.fault)
        }
        let grades = zip(answers, responses).map { asked, response in
            asked.answer.isFinished ? reader.task.grade(response.response, to: response.row, in: style, by: rule) : nil
        }
        let wellFormed = responses.indices.filter { grades[$0] != nil }
        let accepted = try acceptedPlaces(responses, wellFormed)
        let numbers = try command?.numbers(for: wellFormed.map { responses[$0] }) ?? []
        let given = Dictionary(zip(wellFormed, numbers), uniquingKeysWith: { $1 })
        return answers.indices.map { place in
            rule.reward(
                of: grades[place], tokens: answers[place].answer.tokens.count, isAccepted: accepted.contains(place),
                number: given[place] ?? 0)
        }
    }

    /// The places of the well-formed responses that the judge accepts; none where its word counts nothing.
    private func acceptedPlaces(_ responses: [JudgedResponse], _ wellFormed: [Int]) throws -> Set<Int> {
        guard rule.judge != 0, !wellFormed.isEmpty else { return [] }
        let verdicts = try context.judging(wellFormed.map { responses[$0] }, by: kind, reader.task).verdicts
        return Set(zip(wellFormed, verdicts).filter { $0.1.isAccepted }.map(\.0))
    }
}

extension RewardRule {
    /// As a recipe's parameters say.
    init(_ kind: RLTrain) {
        self.init(
            format: kind.formatReward, names: kind.nameReward, arguments: kind.argumentsReward, judge: kind.judgeReward,
            length: kind.lengthReward, lengthTokens: kind.lengthTokens, command: kind.execReward,
            malformed: kind.malformedReward, needsRequired: kind.requiredArguments)
    }

    /// What the mean reward may fall by before a policy has collapsed: a quarter of what the format is worth, or of what an
    /// answer is.
    var largestFall: Double { max(0.25 * (format - malformed), 0.25 * (names + arguments)) }
}
