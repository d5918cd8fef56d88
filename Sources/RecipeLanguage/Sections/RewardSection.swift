import Declarations
import Kinds

/// `reward`: what answers are rewarded for in reinforcement learning, where a step says nothing else.
package struct RewardSection: Sendable {
    /// The terms that are written; everything else is as by default.
    package let terms: RLTrain
    /// The program that gives answers numbers, and its arguments.
    package let command: Spanned<[String]>?
    /// The source of its files, `inputs/script/` to it.
    package let script: Spanned<String>?

    enum Definition {
        static let command = Field<[Spanned<String>]>.list(
            of: .word(
                "command",
                "Of the term `exec`: the program and its arguments. It reads `inputs/answers/answers.jsonl` and writes a number from 0 "
                    + "to 1 a line to `outputs/rewards.jsonl`."))
        static let script = Field.text(
            "script", "Of the term `exec`: the source of the program's files, `inputs/script/` to it.")
        static let mapping = MappingDefinition(
            "reward", "What answers are rewarded for in RL, where a step says nothing else: terms with weights.",
            RLTrain.rewardFields + [command, script])
    }

    init(reading recipe: Fields, references: References) {
        let fields = recipe.section(Pipeline.Definition.reward)
        var terms = RLTrain.standard
        terms.read(rewards: fields)
        self.terms = terms
        command = fields.written(Definition.command).map { $0.map { $0.map(\.value) } }
        script = fields.reference(Definition.script, among: references)
        if let script, command == nil {
            fields.report(
                .missingField(
                    "command", in: fields.owner, at: script.span, help: "add 'command: [python3, inputs/script/FILE]'"))
        }
    }
}

extension Pipeline {
    /// The steps of reinforcement learning, each with the terms of its reward.
    var rewardedSteps: [RLTrain] {
        allSteps.compactMap { step in
            guard case .reinforcement(var kind) = step.kind else { return nil }
            kind.takeRewards(from: reward.terms)
            if let command = reward.command { kind.$command = command.map(Optional.some) }
            return kind
        }
    }
}
