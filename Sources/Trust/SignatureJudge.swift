import Foundation
import Programs
import Store

/// Says who signed a text. `ssh-keygen` does the cryptography and reads the list of allowed signers, as git has it do.
///
/// A key's dates are compared with the time that the text itself states, as git does: what was signed while a key was allowed
/// stays valid. A thief can write any time into what he signs, so a stolen key belongs off the list or among the revoked ones.
package struct SignatureJudge: Sendable {
    /// What a signature of git's is made for; `ssh-keygen` refuses one for other things.
    package static let namespace = "git"

    /// The file of allowed signers, as `ssh-keygen(1)` describes it; without one every key is unknown.
    package let signers: URL?
    /// A list of keys that must not be believed any more.
    package let revoked: URL?
    private let program: Result<String, ProgramError>
    private let environment: [String: String]

    package init(
        signers: URL?, revoked: URL? = nil, program: String = "ssh-keygen",
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) {
        self.signers = signers
        self.revoked = revoked
        self.environment = environment
        self.program = Result { () throws(ProgramError) in
            try Program.find(
                program, along: environment["PATH"] ?? "/usr/bin:/bin",
                from: URL(fileURLWithPath: FileManager.default.currentDirectoryPath))
        }
    }

    /// The judge who knows nobody: it says whether a signature fits, and never whose it is.
    package var ofNobody: SignatureJudge { SignatureJudge(program: program, environment: environment) }

    private init(program: Result<String, ProgramError>, environment: [String: String]) {
        (signers, revoked, self.program, self.environment) = (nil, nil, program, environment)
    }

    /// Judges a commit or a tag.
    ///
    /// - Parameters:
    ///   - name: of the tag's ref; a signature for a tag of another name does not hold.
    ///   - principals: who must have signed; whoever is allowed where empty.
    package func verdict(
        on text: SignedText?, tag name: String? = nil, by principals: [String] = []
    ) -> SignatureVerdict {
        guard let text, let signature = text.signature else { return .unsigned }
        if let flaw = text.flaw { return .bad(flaw) }
        if let own = text.tag, let name, own != name { return .bad("it signs the tag \(own.prefix(100)), not \(name)") }
        return verdict(on: text.content, signature: signature, time: text.time, by: principals)
    }

    /// Judges any signed bytes.
    ///
    /// - Parameters:
    ///   - signature: armoured.
    ///   - time: when they say that they were signed.
    ///   - namespace: what the signature must have been made for.
    package func verdict(
        on content: [UInt8], signature: String, time: Date, namespace: String = SignatureJudge.namespace,
        by principals: [String] = []
    ) -> SignatureVerdict {
        let armour = signature.trimmingCharacters(in: .whitespacesAndNewlines)
        guard armour.hasPrefix("-----BEGIN SSH SIGNATURE-----") else { return Self.foreign(armour) }
        // What follows a signature is not signed, so nothing may follow it.
        guard armour.hasSuffix("-----END SSH SIGNATURE-----"),
            armour.components(separatedBy: "-----BEGIN ").count == 2, armour.components(separatedBy: "-----END ").count == 2
        else { return .bad("it only begins like a signature") }
        let program: String
        switch self.program {
        case .success(let found): program = found
        case .failure(let error): return .unchecked("\(error); install OpenSSH")
        }
        do {
            let run = try KeygenRun(program, environment: environment, content: content, signature: armour + "\n")
            return try run.verdict(signers: signers, revoked: revoked, time: time, namespace: namespace, by: principals)
        } catch {
            return .unchecked("\(error)")
        }
    }

    private static func foreign(_ armour: String) -> SignatureVerdict {
        if armour.hasPrefix("-----BEGIN PGP") {
            return .unchecked(
                "it is an OpenPGP signature, and Decant checks those of SSH keys; `git verify-commit` or "
                    + "`git verify-tag` asks gpg")
        }
        if armour.hasPrefix("-----BEGIN SIGNED MESSAGE-----") {
            return .unchecked("it is an X.509 signature, and Decant checks those of SSH keys")
        }
        return .bad("it is no signature")
    }
}
