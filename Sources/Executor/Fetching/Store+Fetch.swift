import BuildModel
import Foundation
import Store

extension Store {
    /// Fetches an origin's files and takes them in, whatever they are: what a lock file then pins.
    ///
    /// - Throws: `FetchError` where they cannot be had.
    package func fetch(_ origin: FixedOutput.Origin, with fetcher: any SourceFetcher) async throws -> Artifact {
        let scratch = try await awaitScratch(for: Digest(hashing: "\(origin)"))
        defer { scratch.remove() }
        let directory = try scratch.place(for: "files")
        return Artifact(
            files: try await fetcher.fetch(origin, into: directory).map { path in
                let imported = try importFile(at: directory.appending(path: path).path)
                return Artifact.File(path: path, size: imported.size, digest: imported.digest)
            })
    }

    /// Fetches pinned files. None is taken in before all have the bytes that are pinned.
    ///
    /// - Throws: `FetchError` where they cannot be had, or are others.
    func fetch(_ source: FixedOutput, with fetcher: any SourceFetcher) async throws -> Artifact {
        let scratch = try await awaitScratch(for: Digest(hashing: "\(source)"))
        defer { scratch.remove() }
        let directory = try scratch.place(for: "files")
        let fetched = try await fetcher.fetch(source.origin, into: directory)
        let paths = try source.sources(among: fetched).map { directory.appending(path: $0).path }
        for (file, path) in zip(source.files, paths) {
            let found = try digest(ofFileAt: path)
            guard found == file.digest else {
                throw FetchError.unexpectedDigest(url: source.label(of: file), expected: file.digest, found: found)
            }
        }
        return Artifact(
            files: try zip(source.files, paths).map { file, path in
                let imported = try importFile(at: path)
                return Artifact.File(path: file.path, size: imported.size, digest: imported.digest)
            })
    }
}

extension FixedOutput.Origin {
    /// The commit, branch or tag of a repository; `nil` for what has none.
    package var revision: String? {
        switch self {
        case .git(_, let revision, _), .huggingFace(_, let revision, _): revision
        case .path, .url, .pypi: nil
        }
    }
}
