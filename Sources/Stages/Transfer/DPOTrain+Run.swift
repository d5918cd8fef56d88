import Engine
import Kinds

extension DPOTrain: RunnableStage {
    package static let artifact: [Output] = .ofTraining

    package func run(in context: StageContext) throws {
        let rows = try context.responseRows(prompt)
        let preferences = try JudgedResponses(in: context).preferences
        context.log(
            "\(preferences.count) pairs of \(Set(preferences.map(\.row.id)).count) rows; "
                + "other rows have no accepted or no rejected response")
        guard !preferences.isEmpty else {
            throw StageFailure(
                "no row has both an accepted and a rejected response; raise 'sample.samples' or 'sample.temperature', so that "
                    + "some of a row's answers are right and some wrong")
        }
        let pairs = try preferences.map {
            PreferencePair(
                accepted: try rows.example(of: $0.row, response: $0.accepted.response, $0.accepted.native),
                rejected: try rows.example(of: $0.row, response: $0.rejected.response, $0.rejected.native))
        }
        let fitted = try context.fitted(pairs, to: training) { $0.cut(to: $1) }
        let model = try context.modelFolder("model").model()
        let options = try context.trainingOptions(
            training, of: model, rows: fitted.count, rateShare: TuningRate.policyShare)
        let trainer = try PreferenceTrainer(
            model, on: fitted.map(\.item), beta: beta, options: options, workers: context.workers)
        try context.train(trainer.learner, parameters: training) { trainer.advance() }
    }
}

extension PreferencePair {
    /// `nil` where nothing is left of one of the responses, or where what is left of both is equal.
    fileprivate func cut(to length: Int) -> PreferencePair? {
        guard let accepted = accepted.cut(to: length), let rejected = rejected.cut(to: length), accepted != rejected else {
            return nil
        }
        return PreferencePair(accepted: accepted, rejected: rejected)
    }
}

/// What a judge said of the responses to the training rows.
struct JudgedResponses {
    private let rows: [Row]
    /// By row, in the judge's order, each text once.
    private let accepted, rejected: [String: [SortedResponse]]

    /// Reads the inputs `data` and `judged`.
    init(in context: StageContext) throws {
        rows = try context.read(DataFiles.train, from: "data")
        let ids = Set(rows.map(\.id))
        func responses(_ file: File<[SortedResponse]>) throws -> [String: [SortedResponse]] {
            var responses: [String: [SortedResponse]] = [:]
            for judged in try context.read(file, from: "judged") {
                guard ids.contains(judged.row) else { throw judged.failure(in: file) }
                let known = responses[judged.row]?.contains { $0.response == judged.response } == true
                if !known { responses[judged.row, default: []].append(judged) }
            }
            return responses
        }
        accepted = try responses(Judge.accepted)
        rejected = try responses(Judge.rejected)
    }

    /// Rows in their order. A row's i-th pair is its i-th accepted and its i-th rejected response, the shorter list begun
    /// again at its end: every response is in at least one pair. A rejected text that is an accepted one too, and was rejected
    /// for not ending, is left out.
    var preferences: [(row: Row, accepted: SortedResponse, rejected: SortedResponse)] {
        rows.flatMap { row -> [(row: Row, accepted: SortedResponse, rejected: SortedResponse)] in
            let good = accepted[row.id] ?? []
            let bad = (rejected[row.id] ?? []).filter { bad in !good.contains { $0.response == bad.response } }
            if good.isEmpty || bad.isEmpty { return [] }
            return (0..<max(good.count, bad.count)).map { (row, good[$0 % good.count], bad[$0 % bad.count]) }
        }
    }
}
