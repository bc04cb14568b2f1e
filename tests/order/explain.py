"""explain.py FILE: which acquires ordered thread B's work after thread A's, round by round, each removed before the next."""
import struct,collections,subprocess,sys,json,bisect
data=open(sys.argv[1],'rb').read()
N=len(data)//32
evs=[struct.unpack_from('<QQQIBBBB',data,32*i) for i in range(N)]
maps=[]
for l in open(sys.argv[1]+'.maps'):
    f=l.split()
    if len(f)>=6 and f[5].startswith('/'):
        a,b=[int(x,16) for x in f[0].split('-')]; maps.append((a,b,int(f[2],16),f[5]))
base={}
for a,b,o,p in maps: base.setdefault(p,a-o)
tab={}
def symtab(p):
    if p not in tab:
        t=[]
        for l in subprocess.run(['nm','-n','--defined-only',p],capture_output=True,text=True).stdout.split('\n'):
            f=l.split()
            if len(f)==3 and f[1] in 'tTwW': t.append((int(f[0],16),f[2]))
        tab[p]=t
    return tab[p]
cache={}
def fn(pc):
    if pc in cache: return cache[pc]
    r=hex(pc)
    for a,b,o,p in maps:
        if a<=pc<b:
            t=symtab(p); i=bisect.bisect(t,(pc-1-base[p],'~'))-1
            r=(t[i][1] if i>=0 else '?')+('' if 'libpython' in p else '['+p.split('/')[-1][:20]+']')
    cache[pc]=r
    return r
def line(pc):
    for a,b,o,p in maps:
        if a<=pc<b:
            out=subprocess.run(['llvm-symbolizer-22','-e',p,'--inlines','-s',hex(pc-1-base[p])],capture_output=True,text=True).stdout.split('\n')
            return ' < '.join(out[i]+'@'+':'.join(out[i+1].split(':')[:2]) for i in range(0,min(12,len(out)-2),2))
    return hex(pc)
def what(a):
    for lo,hi,o,p in maps:
        if lo<=a<hi: return p.split('/')[-1]+'+'+hex(a-base[p])
    return 'heap'
marks=[(i,e[0],e[3]) for i,e in enumerate(evs) if e[4]==9]
mA=[m for m in marks if m[1]==int(__import__('os').environ.get('FROM','2'))][0]; A=mA[2]
mB=[m for m in marks if m[1]==4][0]; B=mB[2]
tids={A:'A',B:'B',evs[0][3]:'M'}
nm=lambda t:tids.setdefault(t,'T%d'%len(tids))
removed=set()
rounds=int(sys.argv[2]) if len(sys.argv)>2 else 12
verbose=len(sys.argv)>3
for r in range(rounds):
    know={A:[]}; var={}
    hit=None
    for i in range(mA[0],mB[0]):
        a,pc,pc2,t,k,mo,sz,_=evs[i]
        if k==9: continue
        rel=k in(1,2) and mo in(3,4,5); acq=k in(0,2) and mo in(1,2,4,5)
        if acq and a in var and t not in know:
            key=(fn(pc),fn(var[a][1][1]))
            if key not in removed:
                know[t]=var[a][0]+[(var[a][1],evs[i])]
                if t==B: hit=i; break
        if rel:
            if t in know: var[a]=(know[t],evs[i])
            elif k==1: var.pop(a,None)
    if hit is None: print('round',r,'B IS NOT ORDERED AFTER A'); break
    print('round',r,'chain of',len(know[B]))
    # remove the last edge into B
    for (re,ae) in know[B]:
        print('   %s rel %s <- %s   ->  %s acq %s <- %s   %s/%s'%(nm(re[3]),fn(re[1]),fn(re[2]),nm(ae[3]),fn(ae[1]),fn(ae[2]),what(re[0]),re[6]))
        if verbose: print('        ',line(re[1])); print('        ',line(ae[1]))
    re,ae=know[B][-1]
    removed.add((fn(ae[1]),fn(re[1])))
