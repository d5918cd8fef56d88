import Kinds

extension DataSection {
    /// What becomes of the sets before prompts are made of them.
    package enum Preparation: Sendable {
        case paraphrase(ParaphraseSection)
        case augment(DataAugment)
        case retrieve(RetrieveSection)
        case knowledge(KnowledgeSection)
        case noCall(DataNoCall)
        case instruct(DataInstruct)
        case compressPrompts

        /// What ends its stage's name, where another preparation follows.
        package var stageWord: String {
            switch self {
            case .paraphrase: "paraphrased"
            case .augment: "augmented"
            case .retrieve: "retrieved"
            case .knowledge: "informed"
            case .noCall: "refused"
            case .instruct: "instructed"
            case .compressPrompts: "compressed"
            }
        }
    }

    /// Those of the data alone, in the order of their stages: functions and knowledge are looked up for questions as they are
    /// asked in the end.
    package var preparations: [Preparation] {
        [
            paraphrase.map(Preparation.paraphrase), augment.map(Preparation.augment), retrieve.map(Preparation.retrieve),
            knowledge.map(Preparation.knowledge), noCall.map(Preparation.noCall),
        ].compactMap(\.self)
    }
}
