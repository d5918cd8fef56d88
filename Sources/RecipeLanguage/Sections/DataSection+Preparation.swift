import Kinds

extension DataSection {
    /// What becomes of the sets before prompts are made of them.
    package enum Preparation: Sendable {
        case paraphrase(ParaphraseSection)
        case augment(DataAugment)
        case retrieve(RetrieveSection)
        case knowledge(KnowledgeSection)
        case instruct(DataInstruct)
        case compressPrompts

        /// Of its stage, where another preparation follows.
        package var stageName: String {
            switch self {
            case .paraphrase: "data.paraphrased"
            case .augment: "data.augmented"
            case .retrieve: "data.retrieved"
            case .knowledge: "data.informed"
            case .instruct: "data.instructed"
            case .compressPrompts: "data.compressed"
            }
        }
    }

    /// Those of the data alone, in the order of their stages: functions and knowledge are looked up for questions as they are
    /// asked in the end.
    package var preparations: [Preparation] {
        [
            paraphrase.map(Preparation.paraphrase), augment.map(Preparation.augment), retrieve.map(Preparation.retrieve),
            knowledge.map(Preparation.knowledge),
        ].compactMap(\.self)
    }
}
