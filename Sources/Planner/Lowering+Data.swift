import BuildModel
import RecipeLanguage

extension Lowering {
    mutating func addBase(_ pipeline: Pipeline) throws -> LoweredBase {
        let prompt = pipeline.data.prompt.map(PromptStyle.init)
        let data = try addSplit(pipeline.data, of: try addRows(pipeline.data))
        let tokenizer = try builder.add(
            TokenizerTrain(vocabulary: pipeline.tokenizer.vocabulary.value, prompt: prompt.value), .named("tokenizer"),
            inputs: [.init(name: "data", stage: data)],
            origins: [
                Origin("vocabulary", pipeline.tokenizer.vocabulary), Origin("prompt", prompt),
            ])
        return LoweredBase(pipeline: pipeline, data: data, tokenizer: tokenizer, prompt: prompt)
    }

    private mutating func addRows(_ data: DataSection) throws -> StageID {
        switch data.rows {
        case .generate(let generate):
            let functions = try addSource(generate.functions.value)
            let templates = try addSource(generate.templates.value)
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
        case .ingest(let ingest):
            let inputs = try addSources(ingest.train.value, as: "train") + addSources(ingest.test.value, as: "test")
            return try builder.add(
                DataIngest(format: .init(ingest.format.value)), .named("data.rows"), inputs: inputs,
                origins: [Origin("format", ingest.format)])
        }
    }

    private mutating func addSplit(_ data: DataSection, of rows: StageID) throws -> StageID {
        let split = data.split
        let limit = Dictionary(uniqueKeysWithValues: split.limits.map { ($0.set.rawValue, $0.rows.value) })
        return try builder.add(
            DataSplit(
                test: split.test.value, valid: split.valid.value, outOfDomain: split.outOfDomain.value.map(\.value).sorted(),
                candidates: data.candidates.value, limit: limit, seed: split.seed.value),
            .named("data"), inputs: [.init(name: "data", stage: rows)],
            origins: [
                Origin("test", split.test), Origin("valid", split.valid), Origin("out_of_domain", split.outOfDomain),
                Origin("candidates", data.candidates), Origin("seed", split.seed),
            ] + split.limits.map { Origin("limit.\($0.set.rawValue)", $0.rows) })
    }

    private mutating func addSources(_ names: [Spanned<String>], as role: String) throws -> [Stage.Input] {
        var inputs: [Stage.Input] = []
        for (index, name) in names.enumerated() {
            inputs.append(.init(name: "\(role).\(index)", stage: try addSource(name.value)))
        }
        return inputs
    }

    /// - Precondition: the recipe is checked and planning has found the file.
    private mutating func addSource(_ name: String) throws -> StageID {
        guard let source = recipe.source(named: name) else { throw UnresolvedSource(name: name) }
        let title = StageTitle.named("source.\(name)")
        switch source.origin {
        case .path(let path):
            guard let snapshot = snapshots[name] else { throw UnresolvedSource(name: name) }
            return try builder.add(
                SourceFile(file: snapshot.file, sha256: snapshot.digest.hex), title,
                fixedOutput: FixedOutput(
                    files: [.init(path: snapshot.file, digest: snapshot.digest)], origin: .path(snapshot.path)),
                origins: [Origin("file", path), Origin("sha256", path)])
        case .http(let url, let sha256):
            guard let digest = Digest(hex: sha256.value) else { throw UnresolvedSource(name: name) }
            let path = url.value.prefix { $0 != "?" && $0 != "#" }
            let file = path.split(separator: "/").last.map(String.init) ?? name
            return try builder.add(
                SourceHTTP(file: file, sha256: digest.hex), title,
                fixedOutput: FixedOutput(
                    files: [.init(path: file, digest: digest)], origin: .url(url.value, members: [])),
                origins: [Origin("file", url), Origin("sha256", sha256)])
        }
    }
}

/// A source that an unchecked recipe names and that does not exist.
struct UnresolvedSource: Error, CustomStringConvertible {
    var name: String
    var description: String { "The source '\(name)' was not resolved before planning." }
}
