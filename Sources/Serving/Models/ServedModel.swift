import CanonicalJSON
import Engine
import Synchronization
import Words

/// A model that answers requests under a name of its own.
package final class ServedModel: Sendable {
    /// What others say of a model.
    package struct Identity: Sendable {
        package var name: String
        /// The id of the stage commit that pins the model.
        package var commit: String
        /// What it was made from, as `decant lineage --json` says it.
        package var lineage: JSON
        /// Seconds since 1970.
        package var created: Int

        package init(name: String, commit: String, lineage: JSON, created: Int) {
            (self.name, self.commit, self.lineage, self.created) = (name, commit, lineage, created)
        }
    }

    /// How a model finds its answers.
    enum Method: Sendable {
        /// Token by token. `decision` says whether anything is called at all; `nil` where the most probable answer does.
        case generating(AnswerEngine, decision: CallChoice?)
        /// It weighs what it may answer.
        case weighing(OptionWeigher)
    }

    let identity: Identity
    let convention: AnswerConvention
    /// For requests that bring functions where prompts would show none.
    let withFunctions: AnswerConvention?
    /// New tokens where a request does not say how many.
    let usualTokens: Int
    let method: Method
    let constraints: KnownConstraints
    /// Whether the grammar of calls depends on the question, because arguments are copied from it.
    private let copiesQuestions: Bool

    /// Packs the model's weights.
    ///
    /// - Parameter callThreshold: how probable no call must be so that none is made; `nil` where nobody has looked for it.
    package init(
        _ identity: Identity, _ model: InferenceModel, convention: AnswerConvention, withFunctions: AnswerConvention?,
        usualTokens: Int, callThreshold: Double?, workers: WorkerPool, limits: EngineLimits
    ) {
        (self.identity, self.convention, self.withFunctions) = (identity, convention, withFunctions)
        self.usualTokens = usualTokens
        constraints = KnownConstraints(convention.vocabulary())
        copiesQuestions = convention.task.functions.values.contains { $0.parameters.copiesQuestions }
        if [.choice, .rank].contains(convention.task.kind) {
            method = .weighing(OptionWeigher(model, convention, workers: workers))
        } else {
            let known = model.over(tokens: convention.prompts.tokenizer.vocabularySize)
            method = .generating(
                AnswerEngine(known, workers: workers, limits: limits),
                decision: callThreshold.flatMap { CallChoice(convention, threshold: $0) })
        }
    }

    var name: String { identity.name }
    var engine: AnswerEngine? { if case .generating(let engine, _) = method { engine } else { nil } }

    /// How a question is asked: with its own functions where it brings some.
    func convention(bringsFunctions: Bool) -> AnswerConvention { bringsFunctions ? withFunctions ?? convention : convention }

    /// What holds an answer to what is wished of it; `nil` where nothing does.
    ///
    /// - Parameter pattern: makes the grammar, where none is known yet.
    func constraint(
        _ wish: AnswerWish, _ pattern: () throws(RowError) -> BytePattern?
    ) throws(RowError) -> TokenConstraint? {
        let copies = wish.tools.map { $0.contains { $0.parameters.copiesQuestions } } ?? copiesQuestions
        guard copies else { return try constraints.constraint(.wish(wish), pattern) }
        guard let made = try pattern() else { return nil }
        return try constraints.constraint(.pattern(made)) { () throws(RowError) in made }
    }

    /// Lets the answers in progress end, and frees the model.
    func retire() {
        engine?.drain()
        engine?.close()
    }

    /// What the list of models says.
    var json: JSON {
        .object(inOrder: [
            ("id", .string(name)), ("object", "model"), ("created", .count(identity.created)), ("owned_by", "decant"),
            ("commit", .string(identity.commit)), ("task", .string(convention.task.kind.rawValue)),
        ])
    }

    /// What is to be known before the model is asked: functions, labels, fields.
    var description: JSON {
        let task = convention.task
        var members: [(String, JSON)] = json.writtenMembers.map { ($0.key, $0.value) }
        if !task.functions.isEmpty {
            // As prompts show them: a client that sends them back is asked what training asked.
            members.append(("functions", .array(task.functions.sorted { $0.key < $1.key }.map { $0.value.tool })))
        }
        if let task = task as? ClassifyTask { members.append(("labels", .array(task.labels.map(JSON.string)))) }
        if let task = task as? ExtractTask { members.append(("schema", task.schema.json)) }
        members.append(("max_tokens", .count(usualTokens)))
        return .object(inOrder: members)
    }
}
