import BuildModel
import Declarations
import Kinds
import RecipeLanguage
import Words

extension Lowering {
    /// The data of a variant; `nil` where a problem was found.
    mutating func addBase(_ pipeline: Pipeline) throws -> LoweredBase? {
        let prompt = pipeline.data.prompt
        guard let rows = try addRows(pipeline), let data = try addPreparation(pipeline, of: try addSplit(pipeline, of: rows))
        else { return nil }
        let compressed = pipeline.hasTwoViews ? try addCompressed(data, pipeline) : data
        let views: [PromptView: StageID] = [.full: data, .compressed: compressed]
        let own = views[pipeline.studentView] ?? data
        return LoweredBase(
            pipeline: pipeline, data: own, teacherData: views[pipeline.teacherView] ?? data, lessons: own, prompt: prompt,
            sets: Spanned(pipeline.evaluatedSets, at: Self.setPlace(pipeline)),
            workload: Workload(
                pipeline.data, rowFigures[pipeline.dataIdentity], describingFunctions: pipeline.describesFunctions))
    }

    /// The compressed view of the same rows, beside the full one.
    private mutating func addCompressed(_ data: StageID, _ pipeline: Pipeline) throws -> StageID {
        let word = DataSection.Preparation.compressPrompts.stageWord
        return try builder.add(
            DataCompressPrompt.standard, .named("\(pipeline.dataName).\(word)"), inputs: [.init(name: "data", stage: data)])
    }

    private mutating func addRows(_ pipeline: Pipeline) throws -> StageID? {
        switch pipeline.data.rows {
        case .generate(let generate):
            guard let functions = try addReference(generate.functions, pipeline),
                let templates = try addReference(generate.templates, pipeline)
            else { return nil }
            return try builder.add(
                generate.kind, .named("\(pipeline.dataName).rows"),
                inputs: [.init(name: "functions", stage: functions), .init(name: "templates", stage: templates)])
        case .ingest(let ingest): return try addIngest(ingest, pipeline)
        }
    }

    private mutating func addIngest(_ ingest: IngestSection, _ pipeline: Pipeline) throws -> StageID? {
        let roles = [("train", ingest.divided), ("test", ingest.test), ("set", ingest.placed.map(\.source))]
        var inputs: [Stage.Input] = []
        var readings: [(input: String, reading: RowSource.Reading)] = []
        for (role, sources) in roles {
            guard let added = try addReferences(sources.map(\.name), as: role, pipeline) else { return nil }
            readings += zip(added, sources).map { ($0.name, $1.reading) }
            inputs += added
        }
        var kind = DataIngest.standard
        (kind.$format, kind.$columns, kind.$badRows) = (ingest.format, ingest.columns, ingest.badRows)
        (kind.$skip, kind.$copy) = (ingest.skip, ingest.copy)
        kind.$formats = Self.differing(readings.map { ($0.input, $0.reading.format) }, from: ingest.format)
        let columns = readings.map { ($0.input, $0.reading.columns.map { $0 ?? [:] }) }
        kind.$columnsOfInputs = Self.differing(columns, from: ingest.columns.map { $0 ?? [:] })
        kind.$expect = ingest.expect
        kind.$calls = ingest.calls
        kind.$callsOfInputs = Self.differing(readings.map { ($0.input, $0.reading.calls) }, from: ingest.calls)
        kind.$expectations = Self.differing(readings.map { ($0.input, $0.reading.expect) }, from: ingest.expect)
        let sets = ingest.placed.map(\.set)
        if let first = sets.first { kind.$sets = first.map { _ in sets.map(\.value) } }
        let task = pipeline.task
        (kind.$task, kind.$instructions, kind.$labels) = (task.rows.$task, task.rows.$instructions, task.rows.$labels)
        (kind.$schema, kind.$reading, kind.$negatives) = (task.rows.$schema, task.rows.$reading, task.rows.$negatives)
        if let source = task.schemaSource {
            guard let schema = try addReference(source, pipeline) else { return nil }
            inputs.append(.init(name: "schema", stage: schema))
        }
        if let source = ingest.functions {
            guard let functions = try addReference(source, pipeline) else { return nil }
            inputs.append(.init(name: "functions", stage: functions))
        }
        return try builder.add(kind, .named("\(pipeline.dataName).rows"), inputs: inputs)
    }

    /// What inputs have that is not the standard; `nil` where all have it.
    private static func differing<Value: Hashable>(
        _ values: [(input: String, value: Spanned<Value>)], from standard: Spanned<Value>
    ) -> Spanned<[String: Value]?> {
        let others = values.filter { $0.value.value != standard.value }
        let place = (others.first ?? values.first { $0.value.field != standard.field })?.value.place
        return Spanned(
            others.isEmpty ? nil : Dictionary(others.map { ($0.input, $0.value.value) }, uniquingKeysWith: { $1 }),
            at: place.map {
                Place(
                    $0.span, field: $0.field,
                    parts: Dictionary(values.map { ($0.input, $0.value.place) }, uniquingKeysWith: { $1 }))
            } ?? standard.place)
    }

    private mutating func addSplit(_ pipeline: Pipeline, of rows: StageID) throws -> StageID {
        let name = pipeline.dataName
        return try builder.add(
            pipeline.data.split, .named(pipeline.preparations.isEmpty ? name : "\(name).split"),
            inputs: [.init(name: "data", stage: rows)])
    }

    /// What becomes of the sets before prompts are made of them, one stage after the other. The last of them is `data`.
    private mutating func addPreparation(_ pipeline: Pipeline, of split: StageID) throws -> StageID? {
        var data = split
        let preparations = pipeline.preparations
        for (index, preparation) in preparations.enumerated() {
            let isLast = index == preparations.count - 1
            let title = StageTitle.named(pipeline.dataName + (isLast ? "" : ".\(preparation.stageWord)"))
            guard let next = try add(preparation, title, to: data, pipeline) else { return nil }
            data = next
        }
        return data
    }

    /// - Returns: `nil` where a problem was found.
    private mutating func add(
        _ preparation: DataSection.Preparation, _ title: StageTitle, to data: StageID, _ pipeline: Pipeline
    ) throws -> StageID? {
        let input = [Stage.Input(name: "data", stage: data)]
        switch preparation {
        case .paraphrase(let paraphrase):
            var model: [Stage.Input] = []
            if let from = paraphrase.from {
                guard let stage = try addImport(from, pipeline) else { return nil }
                model = [.init(name: "model", stage: stage)]
            }
            return try builder.add(
                paraphrase.kind, title, inputs: input + model, endpoint: paraphrase.endpoint.map(EndpointAccess.init))
        case .augment(let kind): return try builder.add(kind, title, inputs: input)
        case .retrieve(let retrieve):
            return try addRetrieval(retrieve, title, to: data, pipeline)
        case .knowledge(let knowledge):
            guard let snippets = try addReference(knowledge.snippets, pipeline),
                let encoder = try addEncoder(knowledge.encoder, for: knowledge.kind.method, pipeline)
            else { return nil }
            return try builder.add(
                knowledge.kind, title, inputs: input + [.init(name: "snippets", stage: snippets)] + encoder)
        case .noCall(let kind): return try builder.add(kind, title, inputs: input)
        case .instruct(let kind): return try builder.add(kind, title, inputs: input)
        case .compressPrompts: return try builder.add(DataCompressPrompt.standard, title, inputs: input)
        }
    }

    /// The encoder that a method needs, as an input: none, or one; `nil` where a problem was found.
    mutating func addEncoder(
        _ name: Spanned<String>?, for method: RetrievalMethod, _ pipeline: Pipeline
    ) throws -> [Stage.Input]? {
        guard method != .bm25, let name else { return [] }
        return try addReference(name, pipeline).map { [.init(name: "encoder", stage: $0)] }
    }

    /// The tokenizer of models drawn from scratch: trained, or that of an imported model.
    ///
    /// - Parameter own: of the student alone, where it has one.
    mutating func addTokenizer(_ base: LoweredBase, own: TokenizerSection? = nil) throws -> StageID? {
        let pipeline = base.pipeline
        let section = own ?? pipeline.tokenizer
        let (teacher, student) = (pipeline.teacher.origin, pipeline.student.origin)
        switch section.origin?.value {
        case "teacher": if let name = teacher.reference { return try addImport(name, answer: teacher.answer, pipeline) }
        case "student": if let name = student.reference { return try addImport(name, answer: student.answer, pipeline) }
        case .some: if let origin = section.origin { return try addReference(origin, pipeline) }
        case nil:
            let isTrained = own != nil || section.vocabulary.isWritten
            if let imported = pipeline.teacher.endpoint == nil ? teacher.reference : nil, !isTrained {
                return try addImport(imported, answer: teacher.answer, pipeline)
            }
        }
        var kind = section.kind
        kind.$prompt = base.prompt
        kind.$answer = section.answers
        if let signature = pipeline.prompts.signature { kind.$signature = signature }
        if !kind.$answer.isWritten {
            kind.$answer = base.styled(pipeline.writtenAnswers)
        }
        // A teacher at hand has the same tokenizer, before anything is judged and whatever view its students have.
        let data = pipeline.teacher.endpoint != nil ? base.lessons : own == nil ? base.teacherData : base.data
        let title = own == nil ? "tokenizer" : "student.tokenizer"
        return try builder.add(kind, .named(title), inputs: [.init(name: "data", stage: data)])
    }

    /// A model from elsewhere: read from a source, or as a stage of the recipe's own made it.
    ///
    /// - Parameter answer: the form of its calls, where one is written.
    mutating func addImport(
        _ name: Spanned<String>, answer: Spanned<AnswerForm>? = nil, _ pipeline: Pipeline
    ) throws -> StageID? {
        guard let stage = try addReference(name, pipeline) else { return nil }
        if pipeline.stages.contains(where: { $0.name.value == name.value }) { return stage }
        var kind = ModelImport.standard
        if let date = pipeline.tokenizer.date { kind.$date = date.map(Optional.some) }
        if let answer { kind.$answer = answer.map(Optional.some) }
        if let signature = pipeline.prompts.signature { kind.$signature = signature.map(Optional.some) }
        let workload = Workload.unknown.of(models[name.value]?.work)
        return try builder.add(
            kind, .named("\(name.value).model"), inputs: [.init(name: "source", stage: stage)], workload: workload)
    }
}

extension Pipeline {
    /// Whether the student's prompts say of functions what they do: where nobody says it, those of an imported model do.
    fileprivate var describesFunctions: Bool {
        prompts.signature.map { $0.value == .described } ?? (student.origin.reference != nil)
    }
}
