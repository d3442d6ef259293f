import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openSandbox, type Sandbox } from "./harness.ts";

/** Scripts over the embedded base, and what they print. */
const CASES: readonly (readonly [name: string, script: string, expected: string])[] = [
  [
    "useradd makes a user, a group and a home",
    "useradd -m -s /bin/bash app; grep app /etc/passwd /etc/group; ls -ld /home/app; id app; su app -c 'echo as'",
    "/etc/passwd:app:x:1000:1000::/home/app:/bin/bash\n/etc/group:app:x:1000:\ndrwx------ 2 app app 4096 2000-01-01 00:00 /home/app\nuid=1000(app) gid=1000(app) groups=1000(app)\nas\n",
  ],
  [
    "groupadd and useradd take numbers and groups",
    "groupadd -r -g 500 grp; groupadd more; useradd -r -u 501 -g grp -G more --no-create-home svc; id svc; id -un svc; id -g svc; groupadd grp; echo $?; useradd svc 2>&1; echo $?",
    "uid=501(svc) gid=500(grp) groups=500(grp),1000(more)\nsvc\n500\n9\nuseradd: user 'svc' already exists\n9\n",
  ],
  [
    "adduser as Debian and as busybox have it",
    'adduser --system --group --no-create-home sys1; adduser --disabled-password --gecos "" u2 >/dev/null; addgroup g3; adduser -S -D -H -G g3 u3; tail -n 3 /etc/passwd; usermod -aG g3 u2; getent=$(grep ^g3 /etc/group); echo $getent; deluser u3; grep -c u3 /etc/passwd',
    "sys1:x:999:999::/nonexistent:/usr/sbin/nologin\nu2:x:1000:1000::/home/u2:/bin/bash\nu3:x:998:1001::/nonexistent:/usr/sbin/nologin\ng3:x:1001:u2\n0\n",
  ],
  [
    "chown goes by name and number, and into directories",
    "useradd a; mkdir -p d/e; touch d/e/f; ln -s f d/e/l; chown -R a:root d; stat -c '%U:%G %n' d d/e d/e/f; chown 5:7 d; stat -c %u:%g d; chgrp a d; stat -c %G d; chown a: d/e; stat -c %U:%G d/e; chown nobody2 d 2>&1; echo $?",
    "a:root d\na:root d/e\na:root d/e/f\n5:7\na\na:a\nchown: invalid user: 'nobody2'\n1\n",
  ],
  [
    "install, mktemp, touch and stat",
    "echo x >f; install -D -m 750 -o 3 -g 4 f d/g; stat -c '%a %u %g %s %F' d/g; t=$(mktemp -d); stat -c '%a %F' $t; mktemp /tmp/a.XXXXXX | wc -c; touch -d 2001-02-03 f; stat -c %Y f; stat -c '%a %A' /tmp",
    "750 3 4 2 regular file\n700 directory\n14\n981158400\n1777 drwxrwxrwt\n",
  ],
  [
    "cp keeps what it is told to keep",
    "mkdir s; echo x >s/f; chmod 4755 s/f; touch -d @5 s/f; chown 9:9 s/f; ln -s f s/l; cp -a s t; stat -c '%a %u %Y' t/f; readlink t/l; cp -r s u; stat -c '%a %u' u/f; cp -r s/. v 2>/dev/null; ls v; mkdir w; cp s/f s/l w; stat -c %F w/l",
    "4755 9 5\nf\n755 0\nf\nl\nregular file\n",
  ],
  [
    "facts about the machine",
    "nproc; uname -sm; whoami; pwd; realpath ../usr/bin/python; which python cat; arch",
    "1\nLinux wasm32\nroot\n/app\n/usr/bin/python\n/usr/local/bin/python\n/usr/bin/cat\nwasm32\n",
  ],
];

describe("commands of the build shell", () => {
  let sandbox: Sandbox;
  before(async () => {
    sandbox = await openSandbox();
  });
  after(() => sandbox.close());

  for (const [name, script, expected] of CASES) {
    it(name, async () => {
      const { stdout, stderr } = await sandbox.run(script);
      assert.equal(stdout, expected, stderr);
    });
  }
});
