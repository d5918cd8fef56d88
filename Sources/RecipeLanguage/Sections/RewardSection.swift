import Declarations
import Kinds

/// `reward`: what answers are rewarded for in reinforcement learning, where a step says nothing else.
package struct RewardSection: Sendable {
    /// The terms that are written; everything else is as by default.
    package let terms: RLTrain

    enum Definition {
        static let mapping = MappingDefinition(
            "reward", "What answers are rewarded for in RL, where a step says nothing else: terms with weights.",
            RLTrain.rewardFields)
    }

    init(reading recipe: Fields) {
        var terms = RLTrain.standard
        terms.read(rewards: recipe.section(Pipeline.Definition.reward))
        self.terms = terms
    }
}

extension Pipeline {
    /// The steps of reinforcement learning, each with the terms of its reward.
    var rewardedSteps: [RLTrain] {
        allSteps.compactMap { step in
            guard case .reinforcement(var kind) = step.kind else { return nil }
            kind.takeRewards(from: reward.terms)
            return kind
        }
    }
}
