import BuildModel
import Foundation
import Programs
import Stages
import Words

extension ServerProgram {
    /// Serves models with this program: `decant serve --folder MODEL --data DATA --attached`.
    ///
    /// - Parameter numerics: of the stage that measures.
    static func ofThisProgram(_ numerics: Numerics) throws -> ServerProgram {
        let executable = try ProcessFiles.program().path
        var environment = ["LC_ALL": "C", "TZ": "UTC"]
        for name in ["LD_LIBRARY_PATH", "DECANT_VECTORS"] { environment[name] = ProcessInfo.processInfo.environment[name] }
        return ServerProgram { [environment] offer in
            var arguments = [
                "serve", "--folder", offer.model.path, "--data", offer.data.path, "--port", "0", "--attached", "--threads",
                String(offer.threads), "--prompt", offer.prompt.spelling, "--answer", offer.answer.spelling, "--numerics",
                numerics.rawValue,
            ]
            if !offer.isConstrained { arguments.append("--free") }
            if !offer.keepsPrefixes { arguments += ["--prefix-cache-bytes", "0"] }
            return Program(executable, arguments, environment: environment, directory: URL(filePath: "/"))
        }
    }
}
