import BuildModel
import RecipeLanguage
import Words

extension Lowering {
    /// The data of a variant; `nil` where a problem was found.
    mutating func addBase(_ pipeline: Pipeline) throws -> LoweredBase? {
        let prompt = pipeline.data.prompt
        guard let rows = try addRows(pipeline),
            let data = try addPreparation(pipeline, of: try addSplit(pipeline.data, of: rows))
        else { return nil }
        return LoweredBase(pipeline: pipeline, data: data, prompt: prompt, work: WorkEstimate(pipeline.data))
    }

    private mutating func addRows(_ pipeline: Pipeline) throws -> StageID? {
        switch pipeline.data.rows {
        case .generate(let generate):
            guard let functions = try addReference(generate.functions, pipeline),
                let templates = try addReference(generate.templates, pipeline)
            else { return nil }
            return try builder.add(
                DataGenerate(
                    count: generate.count.value, seed: generate.seed.value, heldOutTemplates: generate.heldOutTemplates.value,
                    heldOutValues: generate.heldOutValues.value),
                .named("data.rows"),
                inputs: [.init(name: "functions", stage: functions), .init(name: "templates", stage: templates)],
                origins: [
                    Origin("count", generate.count), Origin("seed", generate.seed),
                    Origin("held_out_templates", generate.heldOutTemplates),
                    Origin("held_out_values", generate.heldOutValues),
                ])
        case .ingest(let ingest): return try addIngest(ingest, pipeline)
        }
    }

    private mutating func addIngest(_ ingest: IngestSection, _ pipeline: Pipeline) throws -> StageID? {
        let roles = [("train", ingest.train), ("test", ingest.test), ("set", ingest.sets.flatMap(\.sources))]
        var inputs: [Stage.Input] = []
        var others: [(input: String, format: Spanned<RowFormat>)] = []
        for (role, sources) in roles {
            guard let added = try addReferences(sources.map(\.name), as: role, pipeline) else { return nil }
            others += zip(added, sources).filter { $1.format.value != ingest.format.value }.map { ($0.name, $1.format) }
            inputs += added
        }
        let sets = ingest.sets.flatMap { set in set.sources.map { _ in set.name } }
        let formats = Dictionary(uniqueKeysWithValues: others.map { ($0.input, $0.format.value) })
        let origins =
            [Origin("format", ingest.format)] + others.map { Origin("formats.\($0.input)", $0.format) }
            + sets.prefix(1).map { Origin("sets", $0) }
        return try builder.add(
            DataIngest(
                format: ingest.format.value, formats: formats.isEmpty ? nil : formats,
                sets: sets.isEmpty ? nil : sets.map(\.value)),
            .named("data.rows"), inputs: inputs, origins: origins)
    }

    private mutating func addSplit(_ data: DataSection, of rows: StageID) throws -> StageID {
        let split = data.split
        let named = data.namedSets.compactMap { set in set.limit.map { (set: set.name.value, rows: $0) } }
        let limits = split.limits.map { (set: $0.set.rawValue, rows: $0.rows) } + named
        let limit = Dictionary(limits.map { ($0.set, $0.rows.value) }, uniquingKeysWith: { first, _ in first })
        let isPrepared = data.retrieve != nil || data.knowledge != nil || data.compressesPrompts.value
        return try builder.add(
            DataSplit(
                test: split.test.value, valid: split.valid.value, outOfDomain: split.outOfDomain.value.map(\.value).sorted(),
                candidates: data.candidates.count.value, similar: data.candidates.similar.aboveZero,
                missing: data.candidates.missing.aboveZero, limit: limit, seed: split.seed.value),
            .named(isPrepared ? "data.split" : "data"), inputs: [.init(name: "data", stage: rows)],
            origins: [
                Origin("test", split.test), Origin("valid", split.valid), Origin("out_of_domain", split.outOfDomain),
                Origin("candidates", data.candidates.count), Origin("similar", data.candidates.similar),
                Origin("missing", data.candidates.missing), Origin("seed", split.seed),
            ] + limits.map { Origin("limit.\($0.set)", $0.rows) })
    }

    /// What becomes of the sets before prompts are made of them. The last of the stages is `data`.
    private mutating func addPreparation(_ pipeline: Pipeline, of split: StageID) throws -> StageID? {
        var data = split
        let compresses = pipeline.data.compressesPrompts.value
        if let retrieve = pipeline.data.retrieve {
            guard let encoder = try addEncoder(retrieve.encoder, for: retrieve.method, pipeline) else { return nil }
            data = try builder.add(
                DataRetrieve(
                    method: retrieve.method.value, topK: retrieve.topK.value, addMissed: retrieve.addsMissed.value),
                .named(pipeline.data.knowledge != nil || compresses ? "data.retrieved" : "data"),
                inputs: [.init(name: "data", stage: data)] + encoder,
                origins: [
                    Origin("method", retrieve.method), Origin("top_k", retrieve.topK),
                    Origin("add_missed", retrieve.addsMissed),
                ])
        }
        if let knowledge = pipeline.data.knowledge {
            guard let snippets = try addReference(knowledge.snippets, pipeline),
                let encoder = try addEncoder(knowledge.encoder, for: knowledge.method, pipeline)
            else { return nil }
            data = try builder.add(
                DataKnowledge(method: knowledge.method.value, topK: knowledge.topK.value),
                .named(compresses ? "data.informed" : "data"),
                inputs: [.init(name: "data", stage: data), .init(name: "snippets", stage: snippets)] + encoder,
                origins: [Origin("method", knowledge.method), Origin("top_k", knowledge.topK)])
        }
        if compresses {
            data = try builder.add(
                DataCompressPrompt(), .named("data"), inputs: [.init(name: "data", stage: data)])
        }
        return data
    }

    /// The encoder that a method needs, as an input: none, or one; `nil` where a problem was found.
    private mutating func addEncoder(
        _ name: Spanned<String>?, for method: Spanned<RetrievalMethod>, _ pipeline: Pipeline
    ) throws -> [Stage.Input]? {
        guard method.value == .embedding, let name else { return [] }
        return try addReference(name, pipeline).map { [.init(name: "encoder", stage: $0)] }
    }

    /// The tokenizer of models drawn from scratch: trained, or that of an imported model.
    mutating func addTokenizer(_ base: LoweredBase) throws -> StageID? {
        let pipeline = base.pipeline
        let (teacher, student) = (pipeline.teacher.origin.reference, pipeline.student.origin.reference)
        switch pipeline.tokenizer.origin?.value {
        case "teacher": if let teacher { return try addImport(teacher, pipeline) }
        case "student": if let student { return try addImport(student, pipeline) }
        case .some: if let origin = pipeline.tokenizer.origin { return try addReference(origin, pipeline) }
        case nil:
            if let imported = pipeline.teacher.endpoint == nil ? teacher : nil, !pipeline.tokenizer.vocabulary.isWritten {
                return try addImport(imported, pipeline)
            }
        }
        let answers = pipeline.tokenizer.answers
        let reasons = answers.isWritten ? answers.value == .reasoning : pipeline.studentSteps.contains { $0.star != nil }
        return try builder.add(
            TokenizerTrain(
                vocabulary: pipeline.tokenizer.vocabulary.value, prompt: base.prompt.value, answer: reasons ? .reasoning : nil),
            .named("tokenizer"), inputs: [.init(name: "data", stage: base.data)],
            origins: [
                Origin("vocabulary", pipeline.tokenizer.vocabulary), Origin("prompt", base.prompt),
                answers.isWritten ? Origin("answer", answers) : Origin("answer", pipeline.transfer.field),
            ])
    }

    /// A model from elsewhere: read from a source, or as a stage of the recipe's own made it.
    mutating func addImport(_ name: Spanned<String>, _ pipeline: Pipeline) throws -> StageID? {
        guard let stage = try addReference(name, pipeline) else { return nil }
        if pipeline.stages.contains(where: { $0.name.value == name.value }) { return stage }
        return try builder.add(
            ModelImport(), .named("\(name.value).model"), inputs: [.init(name: "source", stage: stage)])
    }
}

extension Spanned<Double> {
    /// A parameter that keys do not have where it changes nothing.
    fileprivate var aboveZero: Double? { value > 0 ? value : nil }
}
