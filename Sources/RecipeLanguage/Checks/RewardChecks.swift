import Declarations
import Diagnostics
import Kinds
import Words

/// Whether the terms of a reward make sense together, and someone can say what they are.
struct RewardChecks {
    let pipeline: Pipeline
    let findings: Findings

    func run() {
        for step in pipeline.rewardedSteps {
            checkMalformed(step)
            checkLength(step)
            checkJudge(step)
            checkRequired(step)
            checkCommand(step)
        }
    }

    /// A command and the weight of what it says go together.
    private func checkCommand(_ step: RLTrain) {
        let command = pipeline.reward.command
        if step.execReward > 0, command?.value.isEmpty ?? true {
            findings.report(
                .conflict, "the term 'exec' has a weight, and there is no command", at: step.$execReward.span,
                help: "add 'command: [PROGRAM]' under 'reward'")
        } else if step.execReward == 0, let command {
            findings.report(
                .conflict, "what the command says counts nothing", at: command.span,
                help: "give the term 'exec' a weight such as 1, or leave the command out")
        }
    }

    /// A malformed answer is worth no more than the worst well-formed one.
    private func checkMalformed(_ step: RLTrain) {
        guard step.malformedReward > step.formatReward else { return }
        let (blamed, other) =
            step.$malformedReward.isWritten
            ? (step.$malformedReward, step.$formatReward) : (step.$formatReward, step.$malformedReward)
        findings.report(
            .conflict, "a malformed answer is worth more than a well-formed one", at: blamed.span,
            label: "\(Quantity.text(step.malformedReward)) against \(Quantity.text(step.formatReward))",
            secondary: other.isWritten ? [.init(other.span)] : [], help: "lower 'malformed', or raise 'format'")
    }

    private func checkLength(_ step: RLTrain) {
        guard step.$lengthTokens.isWritten, step.lengthReward == 0 else { return }
        findings.report(
            .conflict, "the length of answers is not rewarded, so no number of tokens is short", at: step.$lengthTokens.span,
            help: "give the term 'length' a weight such as 0.2, or leave this out")
    }

    /// Answers are rewarded as they are drawn: whoever judges them must be at hand.
    private func checkJudge(_ step: RLTrain) {
        guard step.judgeReward > 0 else { return }
        let judges = pipeline.judge.judge.judges
        if judges.value.contains(.model), let endpoint = pipeline.judge.endpoint {
            findings.report(
                .conflict, "a judge behind an endpoint cannot be asked while a model is trained", at: step.$judgeReward.span,
                secondary: [.init(endpoint.url.span, "the judge")],
                help: "judge by 'ast' or 'exact', or take the judge 'from' a source")
        }
        if judges.value.contains(.exec) {
            findings.report(
                .conflict, "a program that judges cannot be asked while a model is trained", at: step.$judgeReward.span,
                secondary: judges.isWritten ? [.init(judges.span, "the judge")] : [],
                help: "have it give numbers: 'reward: {exec: 1, command: [PROGRAM]}'")
        }
    }

    private func checkRequired(_ step: RLTrain) {
        let task = pipeline.task.kind
        guard step.requiredArguments, task.value != .calls else { return }
        findings.report(
            .wrongTask, "answers of the task '\(task.value.rawValue)' have no arguments that could be required",
            at: step.$requiredArguments.span, secondary: task.isWritten ? [.init(task.span)] : [], help: "leave it out")
    }
}
