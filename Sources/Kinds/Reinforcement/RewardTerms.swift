import Declarations

/// The terms of a reward under the names that a section of a recipe has for them.
extension RLTrain {
    private static let terms: [(name: String, parameter: String)] = [
        ("format", "format_reward"), ("names", "name_reward"), ("arguments", "arguments_reward"), ("judge", "judge_reward"),
        ("length", "length_reward"), ("tokens", "length_tokens"), ("malformed", "malformed_reward"),
        ("required", "required_arguments"), ("exec", "exec_reward"),
    ]

    package static let rewardFields: [any DefinedField] = terms.compactMap { name, parameter in
        parameters.first { $0.name == parameter }.map {
            DeclaredField(definition: $0.definition.named(name)) as any DefinedField
        }
    }

    package mutating func read(rewards fields: Fields) {
        for (name, parameter) in Self.terms {
            Self.parameters.first { $0.name == parameter }?.read(fields, name, &self)
        }
    }

    /// Takes what the section says where the step itself says nothing.
    package mutating func takeRewards(from section: RLTrain) {
        take(\.$formatReward, from: section)
        take(\.$nameReward, from: section)
        take(\.$argumentsReward, from: section)
        take(\.$judgeReward, from: section)
        take(\.$lengthReward, from: section)
        take(\.$lengthTokens, from: section)
        take(\.$malformedReward, from: section)
        take(\.$requiredArguments, from: section)
        take(\.$execReward, from: section)
    }

    private mutating func take<Value>(_ path: WritableKeyPath<RLTrain, Spanned<Value>>, from section: RLTrain) {
        if !self[keyPath: path].isWritten, section[keyPath: path].isWritten { self[keyPath: path] = section[keyPath: path] }
    }
}
